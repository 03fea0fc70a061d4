import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyedHashes } from '@medshare/ingest-service/keyed-hashes';
import { roleNames, type RoleName } from '@medshare/role/context';
import pg from 'pg';
import { Hospital } from '../faults/hospital.js';
import { brokenPromises, hashesOf, isQuiet, keptBy, type Kept } from '../faults/promises.js';
import { lastingFindings, type Finding } from '../faults/run-fsck.js';
import { until } from '../harness/demo.js';
import { readDescription } from './describe-stack.js';
import { institutionsFolder } from './found-institutions.js';
import { busiestBroker } from './kafka-admin.js';
import { defaultCache } from './places.js';
import { RoleProcesses } from './role-processes.js';
import { postgresAdminUrl } from './servers/postgres.js';
import { serversOf } from './servers.js';
import { institutions, openStack, type Stack } from './stack.js';
import { Supervisor } from './supervise.js';

/** Parts that are killed in turn: servers, and every role of the institution. */
export const victims = ['broker', 'kubo-1', 'postgres', 'keycloak', ...roleNames] as const;
export type Victim = (typeof victims)[number];

/** Of the samples that tests take: another each day, or a former one again by STACK_KILL_SEED. */
export const seed = Number(process.env['STACK_KILL_SEED'] ?? Math.floor(Date.now() / 86_400_000));

/** Patients whose messages are under way at once. */
const streams = 3;
/** Pause between two messages of a patient, ms: as many as two cores bear beside starting processes; a campaign sends faster. */
const gentle = 600;
/** Messages acknowledged and not yet anchored, at most: the sender of a test would bury a small machine, and measure its own backlog. */
const ahead = 30;
/** How long a killed part stays away, ms. */
const away = 3_000;
/** How long what was acknowledged may take to arrive once the part is back, ms. */
export const catchUp = 60_000;
/** After this the rest of a load is missing, ms. */
const patience = 120_000;

export const institution = 'harbor';

/** What a kill did. */
export interface Survived {
  readonly acknowledged: number;
  /** ms from the part being back until all that was acknowledged by then had arrived */
  readonly caughtUpMs: number;
  /** a line for everything lost, doubled, late or out of order */
  readonly broken: readonly string[];
}

export interface Strike {
  /** messages to be acknowledged around the kill */
  readonly messages: number;
  /** what happens while the part is away; default nothing, for three seconds */
  readonly meanwhile?: () => Promise<unknown>;
}

/** The stack with an institution whose roles are processes of their own, a hospital that counts what was acknowledged, and a hand that kills. */
export class StackUnderFire {
  #anchored = 0;
  #closed = false;
  #sending = false;

  private constructor(
    /** between two messages of a patient, ms */
    private readonly pause: number,
    readonly stack: Stack,
    readonly processes: RoleProcesses,
    readonly hospital: Hospital,
    private readonly hashes: KeyedHashes,
    /** what stood there before */
    private readonly before: Kept,
  ) {}

  static async start(state: string, copies: number, pause = gentle): Promise<StackUnderFire> {
    const described = await readDescription(state);
    if (!described) throw new Error(`no stack is up in ${state}`);
    const stack = openStack({ state, cache: defaultCache(process.env), basePort: described.basePort });
    const data = institutionsFolder(state);
    const processes = await RoleProcesses.start(data, institution, copies);
    try {
      const before = await standsStill(stack);
      const hospital = new Hospital(processes.mllpPort, `S${Date.now().toString(36)}`, () => fire.pace());
      const fire: StackUnderFire = new StackUnderFire(pause, stack, processes, hospital, await hashesOf(data), before);
      void fire.look();
      return fire;
    } catch (caught) {
      await processes.stop();
      throw caught;
    }
  }

  /** Messages flow, the victim dies, is away for a while and comes back; everything that was acknowledged must arrive. */
  survive(victim: Victim, { messages, meanwhile = () => sleep(away) }: Strike): Promise<Survived> {
    return this.#underLoad(messages, async () => {
      const bringBack = await this.strike(victim);
      await meanwhile();
      await bringBack();
      return this.#caughtUp();
    });
  }

  /** Ends each process, every other one without warning, in an order of its own, and starts it again while messages flow. */
  restart(order: readonly string[], messages: number): Promise<Survived> {
    return this.#underLoad(messages, async () => {
      for (const [n, name] of order.entries()) {
        await this.processes.kill(name, n % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
        await this.processes.ready(name);
      }
      return this.#caughtUp();
    });
  }

  /** Resolves when so many more messages were acknowledged. */
  acknowledge(more: number): Promise<unknown> {
    const total = this.hospital.total + more;
    const enough = () => Promise.resolve(this.hospital.total >= total);
    // two seconds a message: whoever is slower stands still
    return until(`${more} messages acknowledged`, enough, patience + 2_000 * Math.max(0, more));
  }

  /** Resolves when so many messages are acknowledged and on their way. */
  behind(messages: number): Promise<unknown> {
    const enough = () => Promise.resolve(this.hospital.total - this.#anchored >= messages);
    return until(`${messages} messages on their way`, enough, patience);
  }

  async #underLoad(messages: number, work: () => Promise<number>): Promise<Survived> {
    const before = this.hospital.total;
    this.#sending = true;
    const sent = this.hospital.stream(streams, () => !this.#sending).catch((caught: Error) => caught);
    let caughtUpMs: number;
    try {
      await this.acknowledge(messages / 2);
      caughtUpMs = await work();
      await this.acknowledge(before + messages - this.hospital.total);
    } catch (caught) {
      this.hospital.giveUp();
      throw caught;
    } finally {
      this.#sending = false;
      await sent;
    }
    const unsent = await sent;
    if (unsent) throw unsent;
    await this.settled().catch(() => undefined);
    const late = caughtUpMs > catchUp ? [`caught up after ${caughtUpMs} ms`] : [];
    return { acknowledged: this.hospital.total - before, caughtUpMs, broken: [...late, ...(await this.broken())] };
  }

  /** @returns ms until what was acknowledged by now has arrived; more than `catchUp` when it has not in time */
  async #caughtUp(): Promise<number> {
    const [began, owed] = [Date.now(), this.hospital.total];
    await until('caught up', () => Promise.resolve(this.#anchored >= owed), catchUp + 1_000).catch(() => undefined);
    return Date.now() - began;
  }

  /** One line for everything that does not stand as it was promised. */
  broken(): Promise<string[]> {
    return within(this.stack, (client) => brokenPromises(client, this.hashes, this.hospital.acknowledged, this.before));
  }

  /** Resolves when everything acknowledged is on the chain and nothing is on its way. */
  async settled(): Promise<void> {
    const arrived = async () => this.#anchored >= this.hospital.total && (await within(this.stack, isQuiet));
    await until('everything anchored and quiet', arrived, patience);
  }

  /** Every institution walks its own stores. */
  async fsck(): Promise<Finding[]> {
    const data = institutionsFolder(this.stack.places.state);
    const found: Finding[] = [];
    for (const id of institutions)
      found.push(...(await lastingFindings({ config: join(data, id, 'config.roles.yaml') })));
    return found;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.processes.stop();
  }

  /** Kills. @returns how to bring the part back; resolves when it serves */
  async strike(victim: Victim): Promise<() => Promise<void>> {
    if (isRole(victim)) {
      const names = this.processes.names(victim);
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
    // what it was furnished with it still has
    const asItWas = { ...server, furnish: () => Promise.resolve() };
    return async () => void (await supervisor.start(asItWas));
  }

  /** A sender waits while the platform is behind. */
  private async pace(): Promise<void> {
    await sleep(this.pause);
    while (this.#sending && this.hospital.total - this.#anchored >= ahead) await sleep(this.pause);
  }

  /** How many of the hospital's messages are on the chain, as long as the database can be asked. */
  private async look(): Promise<void> {
    while (!this.#closed) {
      const now = await within(this.stack, keptBy).catch(() => undefined);
      if (now) this.#anchored = now.anchors - this.before.anchors;
      await sleep(500);
    }
  }
}

const isRole = (victim: Victim): victim is RoleName => (roleNames as readonly string[]).includes(victim);

/** What earlier runs left on its way has arrived. @returns what stands there */
async function standsStill(stack: Stack): Promise<Kept> {
  let last = '';
  return until(
    'what was on its way before has arrived',
    async () => {
      const [now, quiet] = await within(
        stack,
        async (client) => [await keptBy(client), await isQuiet(client)] as const,
      );
      const same = JSON.stringify(now) === last;
      last = JSON.stringify(now);
      await sleep(2_000);
      return same && quiet && now;
    },
    300_000,
  );
}

async function within<T>(stack: Stack, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const url = new URL(await postgresAdminUrl(stack));
  url.pathname = `/medshare_${institution}`;
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
