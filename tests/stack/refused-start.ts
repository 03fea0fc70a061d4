import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { configFile, institutionFolder } from '@medshare/app/found/found-demo';
import { institutionsFolder } from './found-institutions.js';
import { stateFolder } from './running-stack.js';

type Sections = Record<string, Record<string, unknown>>;

/** Starts a role of harbor with a changed configuration, which must be refused. @returns what it said */
export async function refusedStart(role: string, change: (config: Sections) => void): Promise<string> {
  const data = institutionsFolder(stateFolder());
  const broken = join(institutionFolder(data, 'harbor'), 'broken.yaml');
  const config = parse(await readFile(configFile(data, 'harbor'), 'utf8')) as Sections;
  change(config);
  await writeFile(broken, stringify(config));
  const args = [resolve('apps/medshare/bin/medshare.mjs'), 'run', role, '--config', broken];
  try {
    return await new Promise((done, failed) =>
      execFile(process.execPath, args, { timeout: 120_000 }, (error, out, said) =>
        error ? done(said.trim()) : failed(new Error(`it started: ${out}`)),
      ),
    );
  } finally {
    await rm(broken);
  }
}
