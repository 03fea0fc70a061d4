import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFree } from './places.js';
import type { StackServer } from './server.js';

// Servers outlive the command that started them: each runs in a session of its own, writes to its log, and is found again by its process id
// together with the moment it started, so that a number given to another program meanwhile is not taken for it.

interface Kept {
  readonly pid: number;
  /** clock ticks since boot: field 22 of /proc/<pid>/stat (proc(5)) */
  readonly started: string;
}

const stepMs = 500;
const stopWithinMs = 25_000;

export class Supervisor {
  readonly #state: string;

  constructor(state: string) {
    this.#state = state;
  }

  logOf(name: string): string {
    return join(this.#state, 'log', `${name}.log`);
  }

  /** @returns its process id while it runs */
  async pidOf(name: string): Promise<number | undefined> {
    const text = await readFile(this.#fileOf(name), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const { pid, started } = JSON.parse(text) as Kept;
    return (await startedAt(pid)) === started ? pid : undefined;
  }

  /** Starts a server that does not run, and waits until it serves. @throws with the reason and the last lines of its log */
  async start(server: StackServer): Promise<number> {
    const running = await this.pidOf(server.name);
    const pid = running ?? (await this.#launch(server));
    const until = Date.now() + server.patience;
    for (let why = await server.whyNot(); why !== undefined; why = await server.whyNot()) {
      if ((await startedAt(pid)) === undefined) throw await this.#failed(server.name, 'it ended');
      if (Date.now() > until) throw await this.#failed(server.name, `not ready in ${server.patience / 1000} s: ${why}`);
      await sleep(stepMs);
    }
    await server.furnish?.();
    return pid;
  }

  async stop({ name, ports, stopSignal = 'SIGTERM' }: StackServer): Promise<boolean> {
    const pid = await this.pidOf(name);
    if (pid === undefined) return false;
    process.kill(pid, stopSignal);
    const until = Date.now() + stopWithinMs;
    while ((await this.pidOf(name)) !== undefined) {
      if (Date.now() > until) process.kill(pid, 'SIGKILL');
      await sleep(stepMs);
    }
    // a process' first thread may be gone before those that hold its sockets
    while (Date.now() <= until && !(await allFree(Object.values(ports)))) await sleep(50);
    await rm(this.#fileOf(name), { force: true });
    return true;
  }

  async #launch(server: StackServer): Promise<number> {
    const { name, ports } = server;
    for (const [use, port] of Object.entries(ports))
      if (!(await isFree(port)))
        throw new Error(`${name} did not start: port ${port} (${use}) is in use by another program; see --base-port`);
    const { command, args, env, cwd = this.#state, user } = await server.prepare();
    const log = this.logOf(name);
    await Promise.all([
      mkdir(join(this.#state, 'log'), { recursive: true }),
      mkdir(join(this.#state, 'run'), { recursive: true }),
    ]);
    // the log of the run before is kept beside it
    if (await stat(log).catch(() => undefined)) await rename(log, `${log}.1`);
    const file = await open(log, 'a');
    const { PATH = '', HOME = '/', TMPDIR } = process.env;
    const child = spawn(command, [...args], {
      cwd,
      ...user,
      detached: true,
      stdio: ['ignore', file.fd, file.fd],
      env: { PATH, HOME, ...(TMPDIR !== undefined && { TMPDIR }), ...env },
    });
    const failure = await new Promise<Error | undefined>((done) => {
      child.once('error', done);
      child.once('spawn', () => done(undefined));
    });
    await file.close();
    if (failure || child.pid === undefined) throw new Error(`${name} did not start: ${failure?.message ?? command}`);
    child.unref();
    const started = await startedAt(child.pid);
    if (started === undefined) throw await this.#failed(name, 'it ended at once');
    const kept: Kept = { pid: child.pid, started };
    await writeFile(this.#fileOf(name), JSON.stringify(kept));
    return child.pid;
  }

  async #failed(name: string, why: string): Promise<Error> {
    const text = await readFile(this.logOf(name), 'utf8').catch(() => '');
    const lines = tellingLines(text).map((line) => `    ${line}`);
    return new Error(`${name} did not start: ${why}. From ${this.logOf(name)}:\n${lines.join('\n')}`);
  }

  #fileOf(name: string): string {
    return join(this.#state, 'run', `${name}.json`);
  }
}

const allFree = async (ports: readonly number[]): Promise<boolean> =>
  (await Promise.all(ports.map(isFree))).every(Boolean);

const complaint = /\b(ERROR|FATAL|PANIC|Exception|Caused by|[Ee]rror:|level=error|panic:)/;

/** The first complaints of a log and its last lines: a Java program that fails says much after the reason. */
function tellingLines(text: string): string[] {
  const lines = text.trimEnd().split('\n');
  const complaints = lines.filter((line) => complaint.test(line)).slice(0, 8);
  return [...new Set([...complaints, ...lines.slice(-5)])].map((line) => line.slice(0, 400));
}

/** @returns undefined when no such process runs; one that has ended and waits for its parent does not */
async function startedAt(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // the name in parentheses may contain anything
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === undefined || /^[ZX]?$/.test(fields[0]) ? undefined : fields[19];
}
