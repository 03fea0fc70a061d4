import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';
import { chromium, type Page as ShownPage } from 'playwright-core';
import type * as page from './page.js';

type Page = typeof page;
type Name = keyof Page;

export interface Browser {
  version: string;
  /** Calls a function of `page.ts` in the browser; arguments and result go through JSON. */
  call<N extends Name>(name: N, ...args: Parameters<Page[N]>): Promise<Awaited<ReturnType<Page[N]>>>;
  /** What an expression gives there. */
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface Bundle {
  text: string;
  /** Bytes, minified; and of that gzipped. */
  size: number;
  gzipped: number;
  /** The sources in it, relative to the root. */
  inputs: string[];
}

/** A workspace package is its sources, as in jest. */
const workspace: Plugin = {
  name: 'workspace',
  setup({ onResolve }) {
    onResolve({ filter: /^@medshare\// }, ({ path }) => {
      const [, name = '', ...file] = path.split('/');
      return { path: join(process.cwd(), 'libs', name, 'src', `${file.join('/') || 'index'}.ts`) };
    });
  },
};

/**
 * One file for browsers, its exports in a global.
 * @throws Error for anything that a browser has not, as esbuild names it
 */
export async function bundle(entry: string, globalName: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    globalName,
    plugins: [workspace],
    logLevel: 'silent',
  });
  const { text, contents } = outputFiles[0]!;
  const gzipped = gzipSync(contents, { level: 9 }).length;
  return { text, size: contents.length, gzipped, inputs: Object.keys(metafile.inputs) };
}

/** @throws Error without Chromium on the PATH */
export function findChromium(path = process.env.PATH ?? ''): string {
  for (const folder of path.split(delimiter))
    for (const name of ['chromium', 'chromium-browser', 'google-chrome'])
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // not here
      }
  throw new Error('no Chromium on the PATH: these tests need one (Debian: apt-get install chromium)');
}

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const launch = () => chromium.launch({ executablePath: findChromium(), headless: true, args, timeout: 60_000 });

/** An empty page of headless Chromium that may go anywhere, as a person's. */
export async function openPage(): Promise<{ page: ShownPage; close(): Promise<void> }> {
  const browser = await launch();
  return { page: await browser.newPage(), close: () => browser.close() };
}

/** A page of headless Chromium with the functions of `page.ts`, offline. */
export async function openBrowser(): Promise<Browser> {
  const { text } = await bundle('tests/browser/page.ts', 'medsharePage');
  const browser = await launch();
  const context = await browser.newContext({ offline: true });
  const shown = await context.newPage();
  // a `var` of a script is a property of the page's global
  await shown.addScriptTag({ content: text });
  return {
    version: browser.version(),
    call: async (name, ...args) => {
      const given = JSON.stringify(args);
      const answer = await shown.evaluate(
        `(async () => JSON.stringify({ value: await medsharePage[${JSON.stringify(name)}](...${given}) }))()`,
      );
      return (JSON.parse(answer as string) as { value: never }).value;
    },
    evaluate: (expression) => shown.evaluate(expression),
    close: () => browser.close(),
  };
}
