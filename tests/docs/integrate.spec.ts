import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDemo, type Demo } from '../harness/demo.js';

// Runs docs/integrate.md: its commands in their order, its settings pasted where it says, and what it says that is answered.

interface Block {
  readonly kind: string;
  readonly text: string;
}

const page = readFileSync('docs/integrate.md', 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind = '', text = '']): Block => ({
  kind,
  text,
}));

let demo: Demo;
/** The page's ports and folder are the defaults; those of a test are its own. */
const here = (text: string): string =>
  text
    .replace(/\b7(\d)(\d1)\b/g, (_, institution: string, port: string) =>
      String(demo.portBase + 100 * Number(institution) + Number(port)),
    )
    .replaceAll('/tmp/medshare-try', demo.data);

function runShell(text: string): string {
  const env = { ...process.env, MEDSHARE_CLI_DATA: demo.data, COLUMNS: '200', NODE_OPTIONS: '' };
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', here(text)], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  const output = `${stdout}${stderr}`;
  expect({ text, status, output }).toEqual({ text, status: 0, output });
  return output;
}

/** Pastes settings below the line that the block names, and starts again. */
async function paste(text: string): Promise<void> {
  const [, place, settings] = /^# below (\w+:)\n(.*)$/s.exec(text) ?? [];
  const file = join(demo.data, 'harbor', 'config.yaml');
  const config = readFileSync(file, 'utf8');
  const lines = config.split('\n').filter((line) => line.trim() === place);
  expect({ place, lines: lines.length }).toEqual({ place, lines: 1 });
  writeFileSync(
    file,
    config.replace(`${lines[0]}\n`, () => `${lines[0]}\n${settings}`),
  );
  const { data, portBase } = demo;
  await demo.stop();
  demo = await startDemo({ data, portBase });
}

describe('docs/integrate.md', () => {
  beforeAll(async () => {
    demo = await startDemo();
  }, 300_000);
  afterAll(async () => {
    await demo?.stop();
    await demo?.remove();
  }, 60_000);

  it('does what it says, command for command', async () => {
    // the first starts what runs here already
    const [start, ...rest] = blocks;
    expect(start?.text).toContain('npm start');
    let output = '';
    const played: Record<string, number> = {};
    for (const { kind, text } of rest) {
      if (kind === 'sh') output = runShell(text);
      else if (kind === 'yaml') await paste(text);
      else if (kind === 'text')
        for (const line of text.trimEnd().split('\n'))
          expect({ line, output, found: output.includes(line) }).toEqual({ line, output, found: true });
      else JSON.parse(text);
      played[kind] = (played[kind] ?? 0) + 1;
    }
    expect(played).toMatchObject({ sh: 13, yaml: 3, json: 1 });
  }, 600_000);
});
