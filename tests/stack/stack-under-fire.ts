import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyedHashes } from '@medshare/ingest-service/keyed-hashes';
import { roleNames } from '@medshare/role/context';
import pg from 'pg';
import { Hospital } from '../faults/hospital.js';
import { anchorCount, brokenPromises, hashesOf, isQuiet } from '../faults/promises.js';
import { until } from '../harness/demo.js';
import { busiestBroker } from './busiest-broker.js';
import { readDescription } from './describe-stack.js';
import { institutionsFolder } from './found-institutions.js';
import { defaultCache } from './places.js';
import { RoleProcesses } from './role-processes.js';
import { postgresAdminUrl } from './servers/postgres.js';
import { serversOf } from './servers.js';
import { openStack, type Stack } from './stack.js';
import { Supervisor } from './supervise.js';

/** Parts that are killed in turn: servers, and every role of the institution. */
export const victims = ['broker', 'kubo-1', 'postgres', 'keycloak', ...roleNames] as const;
export type Victim = (typeof victims)[number];

/** Patients whose messages are under way at once, and the pause between two of one, ms: what two cores bear with everything else on them. */
const [streams, pause] = [3, 150];
/** How long a killed part stays away, ms. */
const away = 3_000;
/** How long what was acknowledged may take to arrive once the part is back, ms. */
const catchUp = 60_000;

const institution = 'harbor';

/** What a kill did. */
export interface Survived {
  readonly victim: Victim;
  readonly acknowledged: number;
  /** ms from the part being back until all that was acknowledged had arrived */
  readonly caughtUpMs: number;
  readonly broken: readonly string[];
}

/** The stack with an institution whose roles are processes of their own, a hospital that counts what was acknowledged, and a hand that kills. */
export class StackUnderFire {
  private constructor(
    private readonly stack: Stack,
    readonly processes: RoleProcesses,
    readonly hospital: Hospital,
    private readonly hashes: KeyedHashes,
    /** anchors that were on the chain before */
    private readonly before: number,
  ) {}

  static async start(state: string, copies: number): Promise<StackUnderFire> {
    const described = await readDescription(state);
    if (!described) throw new Error(`no stack is up in ${state}`);
    const stack = openStack({ state, cache: defaultCache(process.env), basePort: described.basePort });
    const data = institutionsFolder(state);
    const processes = await RoleProcesses.start(data, institution, copies);
    const hospital = new Hospital(processes.mllpPort, `S${process.pid}`, pause);
    const before = await within(stack, anchorCount);
    return new StackUnderFire(stack, processes, hospital, await hashesOf(data), before);
  }

  /** Messages flow, the victim dies, is away for a while and comes back; everything that was acknowledged must arrive. */
  async survive(victim: Victim, messages: number): Promise<Survived> {
    const before = this.hospital.total;
    let over = false;
    const sending = this.hospital.stream(streams, () => over);
    await this.reached(before + messages / 2);
    const bringBack = await this.strike(victim);
    await sleep(away);
    await bringBack();
    await this.reached(before + messages);
    over = true;
    await sending;
    const began = Date.now();
    const late = await this.settled().then(
      () => [],
      (caught: unknown) => [`not caught up in ${catchUp} ms: ${String(caught)}`],
    );
    const caughtUpMs = Date.now() - began;
    return {
      victim,
      acknowledged: this.hospital.total - before,
      caughtUpMs,
      broken: [...late, ...(await this.broken())],
    };
  }

  /** Starts and stops each process in an order of its own while messages flow. */
  async restartAll(order: readonly string[], messages: number): Promise<string[]> {
    const before = this.hospital.total;
    let over = false;
    const sending = this.hospital.stream(streams, () => over);
    await this.reached(before + messages / 4);
    for (const [n, name] of order.entries()) {
      // every other one as an operator would, the rest as a machine that loses its power
      await this.processes.kill(name, n % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
      await this.processes.ready(name);
    }
    await this.reached(before + messages);
    over = true;
    await sending;
    await this.settled();
    return this.broken();
  }

  broken(): Promise<string[]> {
    return within(this.stack, async (client) => {
      const found = await brokenPromises(client, this.hashes, this.hospital.acknowledged);
      // what earlier runs left on this stack is not this hospital's
      return this.before === 0 ? found : found.filter((line) => !/^\d+ messages acknowledged/.test(line));
    });
  }

  async close(): Promise<void> {
    await this.processes.stop();
  }

  private reached(total: number): Promise<unknown> {
    return until(`${total} messages acknowledged`, () => Promise.resolve(this.hospital.total >= total), 600_000);
  }

  private async settled(): Promise<void> {
    const expected = this.before + this.hospital.total;
    const arrived = () =>
      within(this.stack, async (client) => (await anchorCount(client)) >= expected && (await isQuiet(client)));
    await until('everything anchored and quiet', arrived, catchUp);
  }

  /** @returns how to bring the part back; resolves when it serves */
  private async strike(victim: Victim): Promise<() => Promise<void>> {
    if ((roleNames as readonly string[]).includes(victim)) {
      const names = this.processes.names(victim as (typeof roleNames)[number]);
      await Promise.all(names.map((name) => this.processes.kill(name)));
      return async () => void (await Promise.all(names.map((name) => this.processes.ready(name))));
    }
    const name = victim === 'broker' ? await busiestBroker(this.stack, institution) : victim;
    const server = serversOf(this.stack).find((one) => one.name === name);
    if (!server) throw new Error(`no server ${name}`);
    const supervisor = new Supervisor(this.stack.places.state);
    const pid = await supervisor.pidOf(name);
    if (pid === undefined) throw new Error(`${name} does not run`);
    process.kill(pid, 'SIGKILL');
    await until(`${name} is gone`, async () => (await supervisor.pidOf(name)) === undefined);
    return async () => void (await supervisor.start(server));
  }
}

async function within<T>(stack: Stack, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const url = new URL(await postgresAdminUrl(stack));
  url.pathname = `/medshare_${institution}`;
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
