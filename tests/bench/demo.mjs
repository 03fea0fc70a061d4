import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A busy machine takes its time; how long it took is told. */
const patience = 300_000;

/** Starts the built product as a newcomer does. @returns it, with the seconds until it was ready */
export async function startDemo(data, portBase, nodeOptions = [], env = {}) {
  const addresses = join(data, 'demo.json');
  await rm(addresses, { force: true });
  const args = ['up', '--demo', '--no-play', '--data', data, '--port-base', String(portBase)];
  const began = performance.now();
  const child = spawn(process.execPath, [...nodeOptions, 'apps/medshare/bin/medshare.mjs', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  while (!existsSync(addresses) || !(await isComplete(addresses))) {
    if (child.exitCode !== null || performance.now() - began > patience) {
      child.kill('SIGKILL');
      throw new Error(`the demo did not start:\n${Buffer.concat(output).toString()}`);
    }
    await sleep(20);
  }
  const seconds = (performance.now() - began) / 1000;
  const { institutions } = JSON.parse(await readFile(addresses, 'utf8'));
  const { mllpPort } = institutions.find(({ id }) => id === 'harbor');
  const stop = async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGINT');
    await once(child, 'exit');
  };
  return { pid: child.pid, seconds, mllpPort, stop };
}

const isComplete = (path) =>
  readFile(path, 'utf8').then(
    (text) => text.endsWith('}\n'),
    () => false,
  );

let nextBase = 21_000 + (process.pid % 25) * 300;

/**
 * A base whose ports are free now and that no other call got, below what the system gives to outgoing connections
 * (Linux: from 32,768).
 */
export async function freePortBase() {
  for (;;) {
    const base = nextBase;
    nextBase += 400;
    const ports = [1, 2, 3].flatMap((n) => [1, 11, 21].map((k) => base + 100 * n + k));
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return base;
  }
}

const isFree = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
