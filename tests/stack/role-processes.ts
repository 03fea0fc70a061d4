import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { roleNames, type RoleName } from '@medshare/role/context';
import { parse, stringify } from 'yaml';
import { freePortBase, until } from '../harness/demo.js';
import { Balancer } from './balancer.js';

/** Milliseconds in which a process must be ready. */
const patience = 180_000;
/** Milliseconds to end in, as Kubernetes gives by default. */
const grace = 30_000;
const lastWords = 4_000;

interface Replica {
  readonly name: string;
  readonly ports: { readonly http: number; readonly peers: number; readonly mllp: number };
  readonly config: string;
  readonly roles: readonly RoleName[];
  child?: ChildProcess;
  output: string;
}

/**
 * One institution whose roles are processes of their own, as many of each as asked for, behind an address a role; the other institutions
 * of the region each in one process. All of them stand on the configuration that the stack's institutions were founded with.
 */
export class RoleProcesses {
  private constructor(
    private readonly replicas: readonly Replica[],
    private readonly balancers: readonly Balancer[],
    /** where the institution takes HL7 v2 */
    readonly mllpPort: number,
  ) {}

  static async start(data: string, institution: string, copies: number): Promise<RoleProcesses> {
    const others = await othersOf(data, institution);
    const ports = portsAbove(await freePortBase());
    const config = join(data, institution, 'config.roles.yaml');
    const replicas: Replica[] = [];
    for (const role of roleNames)
      for (let n = 1; n <= copies; n += 1) replicas.push(replicaOf(`${role}-${n}`, config, [role], ports));
    const balancers = new Map<RoleName, Balancer>();
    const portsOf = (role: RoleName) => replicas.filter(({ roles }) => roles.includes(role)).map(({ ports }) => ports);
    for (const role of roleNames) balancers.set(role, await Balancer.before(portsOf(role).map(({ peers }) => peers)));
    const mllp = await Balancer.before(portsOf('ingest').map((ports) => ports.mllp));
    const own = Object.fromEntries([...balancers].map(([role, { port }]) => [role, `https://127.0.0.1:${port}`]));
    await turn(join(data, institution, 'config.yaml'), config, { [institution]: own }, false);
    for (const { id, file } of others) {
      const turned = join(data, id, 'config.roles.yaml');
      await turn(file, turned, { [institution]: own }, true);
      replicas.push(replicaOf(id, turned, [], ports));
    }
    const started = new RoleProcesses(replicas, [...balancers.values(), mllp], mllp.port);
    try {
      // a few at a time: a dozen at once starve each other on a small machine
      for (let n = 0; n < replicas.length; n += 3)
        await Promise.all(replicas.slice(n, n + 3).map(({ name }) => started.ready(name)));
    } catch (caught) {
      await started.stop();
      throw caught;
    }
    return started;
  }

  /** names of the institution's processes: `<role>-<n>` */
  names(role?: RoleName): string[] {
    return this.replicas
      .filter(({ roles }) => (role ? roles.includes(role) : roles.length > 0))
      .map(({ name }) => name);
  }

  output(name: string): string {
    return this.of(name).output;
  }

  /** Starts it unless it runs. */
  launch(name: string): void {
    const replica = this.of(name);
    if (replica.child && isRunning(replica.child)) return;
    const { ports, config, roles } = replica;
    const own = {
      MEDSHARE_HTTP__PORT: String(ports.http),
      MEDSHARE_PEERS__PORT: String(ports.peers),
      MEDSHARE_MLLP__PORT: String(ports.mllp),
    };
    const child = spawn(process.execPath, ['apps/medshare/bin/medshare.mjs', 'run', ...roles, '--config', config], {
      env: { ...process.env, ...(roles.length > 0 && own) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => {
        replica.output = (replica.output + piece.toString()).slice(-200_000);
      });
    replica.child = child;
  }

  /**
   * Starts it unless it runs, again when it ends as an orchestrator does, and waits until it serves; a second process of the embedded
   * chain's member only stands by.
   */
  async ready(name: string): Promise<void> {
    const replica = this.of(name);
    const serves = () => {
      this.launch(name);
      return Promise.resolve(/is ready: |standing by/.test(replica.output));
    };
    await until(`${name} serves`, serves, patience).catch(() => {
      throw new Error(`${name} does not serve: ${replica.output.slice(-lastWords)}`);
    });
  }

  /** Resolves when it is gone; who does not end within the time that orchestrators usually give is ended, and named. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const replica = this.of(name);
    const { child } = replica;
    if (!child || !isRunning(child)) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), grace);
    await gone;
    clearTimeout(late);
    const said = replica.output;
    replica.output = '';
    if (signal !== 'SIGKILL' && child.signalCode === 'SIGKILL')
      throw new Error(`${name} did not end within ${grace} ms of ${signal}: ${said.slice(-lastWords)}`);
  }

  async stop(): Promise<void> {
    const ended = await Promise.allSettled(this.replicas.map(({ name }) => this.kill(name, 'SIGTERM')));
    await Promise.all(this.balancers.map((balancer) => balancer.close()));
    const late = ended.find((one) => one.status === 'rejected');
    if (late) throw late.reason;
  }

  /** Resident memory of each process, MB, by name. */
  async memory(): Promise<Record<string, number>> {
    const pairs = this.replicas.map(async ({ name, child }) => {
      const status = await readFile(`/proc/${child?.pid}/status`, 'utf8').catch(() => '');
      return [name, Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)] as const;
    });
    return Object.fromEntries(await Promise.all(pairs));
  }

  private of(name: string): Replica {
    const found = this.replicas.find((one) => one.name === name);
    if (!found) throw new Error(`no process ${name}`);
    return found;
  }
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

const replicaOf = (name: string, config: string, roles: readonly RoleName[], next: () => number): Replica => ({
  name,
  config,
  roles,
  ports: { http: next(), peers: next(), mllp: next() },
  output: '',
});

/** Below what systems give to clients: a process that comes back must find its ports free. */
const portsAbove = (base: number): (() => number) => {
  let port = base + 200;
  return () => (port += 1);
};

async function othersOf(data: string, institution: string): Promise<{ id: string; file: string }[]> {
  const { peers } = parse(await readFile(join(data, institution, 'config.yaml'), 'utf8')) as {
    peers: { urls: Record<string, string> };
  };
  const ids = Object.keys(peers.urls).filter((id) => id !== institution);
  return ids.map((id) => ({ id, file: join(data, id, 'config.yaml') }));
}

/** The same configuration with other addresses; who serves sign-ins keeps doing it. */
async function turn(from: string, to: string, urls: Record<string, object>, whole: boolean): Promise<void> {
  const config = parse(await readFile(from, 'utf8')) as {
    peers: { urls: object };
    identity: { embedded?: boolean };
  };
  const turned = {
    ...config,
    peers: { ...config.peers, urls: { ...config.peers.urls, ...urls } },
    identity: whole ? config.identity : { ...config.identity, embedded: false },
  };
  await writeFile(to, stringify(turned));
}
