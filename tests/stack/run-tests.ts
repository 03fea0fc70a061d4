// Brings up a stack of its own in an empty folder, runs jest's project `stack` against it, and takes it down. `npm run test:stack`
// Fabric's specs are run by `npm run test:stack -- --fabric`, which brings up nothing but its network; whatever else follows is jest's:
// npm run test:stack -- --testPathPatterns flow. STACK_STATE=<folder> takes a stack that runs already.
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePortBase } from '../harness/demo.js';
import { bringUp } from './bring-up.js';
import { defaultCache } from './places.js';
import { parts, serversOf } from './servers.js';
import { openStack } from './stack.js';
import { Supervisor } from './supervise.js';

const say = (line: string) => void process.stderr.write(`${line}\n`);

const given = process.argv.slice(2);
const onFabric = given.includes('--fabric');
const wanted = Object.keys(parts).filter((part) => (part === 'fabric') === onFabric);
/** Specs that need the network, and no other server. */
const fabricSpecs = 'tests/stack/(fabric|gateway|ledger)';
const chosen = onFabric ? ['--testPathPatterns', fabricSpecs] : ['--testPathIgnorePatterns', fabricSpecs];

const jest = (state: string): Promise<number> =>
  new Promise((done, failed) => {
    const program = resolve('node_modules/jest/bin/jest.js');
    const args = [
      '--experimental-vm-modules',
      program,
      '--selectProjects',
      'stack',
      '--maxWorkers=1',
      ...(given.includes('--testPathPatterns') ? [] : chosen),
      ...given.filter((option) => option !== '--fabric'),
    ];
    const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, STACK_STATE: state } });
    child.once('error', failed);
    child.once('exit', (code) => done(code ?? 1));
  });

async function withStack(): Promise<number> {
  const state = await mkdtemp(join(tmpdir(), 'medshare-stack-'));
  await chmod(state, 0o711);
  const stack = openStack({ state, cache: defaultCache(process.env), basePort: await freePortBase() });
  const servers = serversOf(stack, wanted);
  let code = 1;
  try {
    const before = Date.now();
    await bringUp(stack, servers, say);
    say(`the stack is up in ${Math.round((Date.now() - before) / 1000)} s`);
    code = await jest(state);
    return code;
  } finally {
    const supervisor = new Supervisor(state);
    await Promise.all(servers.map((server) => supervisor.stop(server)));
    if (code === 0) await rm(state, { recursive: true, force: true });
    else say(`logs are kept in ${join(state, 'log')}`);
  }
}

const running = process.env['STACK_STATE'];
process.exitCode = await (running === undefined ? withStack() : jest(resolve(running))).catch((caught: unknown) => {
  say((caught as Error).message);
  return 1;
});
