import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyedHashes } from '@medshare/ingest-service/keyed-hashes';
import type { FaultPoint } from '@medshare/telemetry/fault-point';
import type pg from 'pg';
import { within } from '../faults/database-of.js';
import { Hospital } from '../faults/hospital.js';
import { anchorCount, brokenPromises, hashesOf, isQuiet } from '../faults/promises.js';
import { startDemo, until, type Demo } from '../harness/demo.js';
import { foundOnFabric, type FabricInstitutions } from './fabric-institutions.js';
import { startFabric, type FabricNetwork } from './fabric-network.js';

/** What is killed: parts of the network, and the client with what it had signed. */
export const chainKills = [
  'own peer',
  'peer of another',
  'own chaincode server',
  'chaincode server of another',
  'orderer that leads',
  'most orderers',
  'client at ledger.endorsed',
  'client at ledger.kept',
  'client at ledger.ordered',
] as const;
export type ChainKill = (typeof chainKills)[number];

/** Patients whose messages are under way at once, and the pause between two of one, ms. */
const [streams, pause] = [4, 150];
/** While all parts are there, the hospital waits when so many of its messages are not anchored: what a machine bears is not the question. */
const ahead = 20;
/** How long a killed part stays away, ms; the orderers' quorum for as long as operators may need to notice. */
const away = (kill: ChainKill): number => (kill === 'most orderers' ? 20_000 : 3_000);
/** How long what was acknowledged may take to be anchored once the part is back, ms. */
export const catchUpMs = 60_000;
/** Longest silence of the intake while a part of the network is away, ms. */
const silence = 5_000;

/** What a kill did. */
export interface ChainSurvived {
  readonly acknowledged: number;
  /** of these, while the part was away */
  readonly meanwhile: number;
  /** ms from the part's return until all that was acknowledged by then was anchored */
  readonly caughtUpMs: number;
  readonly broken: readonly string[];
}

/** A network with the demo's institutions on it, a hospital that counts what was acknowledged, and a hand that kills. */
export class ChainUnderFire {
  readonly hospital: Hospital;
  /** a part is away, and the hospital sends all the same */
  private missing = false;
  private anchored = 0;

  private constructor(
    private readonly folder: string,
    readonly network: FabricNetwork,
    readonly founded: FabricInstitutions,
    public demo: Demo,
    private readonly hashes: KeyedHashes,
  ) {
    this.hospital = new Hospital(demo.institutions['harbor']!.mllpPort, `F${process.pid}`, () => this.pause());
  }

  static async start(): Promise<ChainUnderFire> {
    const folder = await mkdtemp(join(tmpdir(), 'medshare-chain-'));
    const network = await startFabric();
    let founded: FabricInstitutions | undefined;
    try {
      founded = await foundOnFabric(network.description);
      const demo = await startDemo({ ...founded, env: { MEDSHARE_FAULT: join(folder, 'fault') } });
      return new ChainUnderFire(folder, network, founded, demo, await hashesOf(demo.data));
    } catch (caught) {
      await founded?.stop();
      await network.stop();
      throw caught;
    }
  }

  get data(): string {
    return this.founded.data;
  }

  /**
   * Messages flow, the kill strikes in their middle, the part comes back, the messages come to their end; all must be anchored.
   * @param meanwhile what else happens while the part is away
   */
  async survive(
    kill: ChainKill,
    messages: number,
    meanwhile: () => Promise<void> = () => Promise.resolve(),
  ): Promise<ChainSurvived> {
    const before = this.hospital.total;
    let over = false;
    const sending = this.hospital.stream(streams, () => over);
    try {
      await this.reached(before + messages / 2);
      const since = this.hospital.total;
      const heard = kill.startsWith('client') ? undefined : new Ear(this.hospital);
      this.missing = true;
      const bringBack = await this.strike(kill);
      await Promise.all([sleep(away(kill)), meanwhile()]);
      const back = { total: this.hospital.total, silent: heard?.stop() ?? 0 };
      this.missing = false;
      await bringBack();
      const returned = Date.now();
      const [late, caughtUpMs] = await this.anchoredSince(returned);
      await this.reached(before + messages);
      over = true;
      await sending;
      const unsettled = await this.settled();
      return {
        acknowledged: this.hospital.total - before,
        meanwhile: back.total - since,
        caughtUpMs,
        broken: [...late, ...unsettled, ...unheard(back.silent), ...(await this.broken())],
      };
    } finally {
      [over, this.missing] = [true, true];
      await sending;
      this.missing = false;
    }
  }

  /** Messages flow while an operator works; what was acknowledged must be anchored in the end. @returns what is broken */
  async duringWork(work: () => Promise<void>): Promise<Pick<ChainSurvived, 'acknowledged' | 'broken'>> {
    const before = this.hospital.total;
    let over = false;
    const sending = this.hospital.stream(streams, () => over);
    try {
      await this.reached(before + ahead);
      await work();
      await this.reached(this.hospital.total + ahead);
    } finally {
      over = true;
      await sending;
    }
    const unsettled = await this.settled();
    return { acknowledged: this.hospital.total - before, broken: [...unsettled, ...(await this.broken())] };
  }

  /** @param given a connection that sees what is not committed */
  broken(given?: pg.Client): Promise<string[]> {
    const look = (client: pg.Client) => brokenPromises(client, this.hashes, this.hospital.acknowledged);
    return given ? look(given) : this.inside(look);
  }

  inside<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    return within(this.data, 'harbor', work);
  }

  keyOf(controlId: string): string {
    return this.hashes.message('hl7v2', 'LAB', 'HARBOR', controlId);
  }

  async close(): Promise<void> {
    await this.demo.stop();
    await this.founded.stop();
    await this.network.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** @returns how the part is brought back; resolves when it serves */
  private async strike(kill: ChainKill): Promise<() => Promise<unknown>> {
    const { description } = this.network;
    const server =
      (...names: string[]) =>
      async () => {
        await Promise.all(names.map((name) => this.network.kill(name)));
        return () => Promise.all(names.map((name) => this.network.start(name)));
      };
    const chaincode = (organisation: 'harbor' | 'summit') => async () => {
      await this.founded.kill(organisation);
      return () => this.founded.serve(organisation);
    };
    const client = (point: FaultPoint) => async () => {
      await this.haltAt(point);
      return () => this.startAgain();
    };
    const leading = async () => {
      const leader = await until('an orderer leads', () => this.network.leader(), 60_000);
      return server(`fabric-orderer-${leader}`)();
    };
    const strikes: Record<ChainKill, () => Promise<() => Promise<unknown>>> = {
      'own peer': server(description.organisations.harbor.peer.process),
      'peer of another': server(description.organisations.summit.peer.process),
      'own chaincode server': chaincode('harbor'),
      'chaincode server of another': chaincode('summit'),
      'orderer that leads': leading,
      'most orderers': server('fabric-orderer-harbor', 'fabric-orderer-lakeside'),
      'client at ledger.endorsed': client('ledger.endorsed'),
      'client at ledger.kept': client('ledger.kept'),
      'client at ledger.ordered': client('ledger.ordered'),
    };
    return strikes[kill]();
  }

  private async haltAt(point: FaultPoint): Promise<void> {
    const orders = join(this.folder, 'fault');
    await writeFile(orders, point);
    await until(`${point} passed`, () => Promise.resolve(!isAlive(this.demo.pid)), 60_000);
    await rm(orders);
  }

  private async startAgain(): Promise<void> {
    this.demo = await startDemo({ ...this.founded, env: { MEDSHARE_FAULT: join(this.folder, 'fault') } });
  }

  /** A patient's message came through; the next may be sent. */
  private async pause(): Promise<void> {
    await sleep(pause);
    while (!this.missing && this.hospital.total - this.anchored >= ahead) {
      this.anchored = await this.inside(believed).catch(() => this.anchored);
      await sleep(pause);
    }
  }

  private reached(total: number): Promise<unknown> {
    return until(`${total} messages acknowledged`, () => Promise.resolve(this.hospital.total >= total), 600_000);
  }

  /** @returns a complaint, if any, and the time it took, ms */
  private async anchoredSince(returned: number): Promise<[string[], number]> {
    const waiting = `SELECT count(*)::int AS n FROM ingest.message m LEFT JOIN ledger.anchor a ON a.record_id = m.record_id
      WHERE m.received_at <= to_timestamp($1 / 1000.0) AND a.state IS DISTINCT FROM 'anchored'`;
    const none = () =>
      this.inside(async (client) => (await client.query<{ n: number }>(waiting, [returned])).rows[0]?.n === 0);
    const late = await until('what was acknowledged by then is anchored', none, catchUpMs).then(
      () => [],
      (caught: unknown) => [`not caught up in ${catchUpMs} ms: ${String(caught)}`],
    );
    return [late, Date.now() - returned];
  }

  private async settled(): Promise<string[]> {
    const arrived = () =>
      this.inside(async (client) => (await anchorCount(client)) >= this.hospital.total && (await isQuiet(client)));
    return until('everything anchored and quiet', arrived, catchUpMs).then(
      () => [],
      (caught: unknown) => [`not settled: ${String(caught)}`],
    );
  }
}

/** As the ledger role sees it; whether it is so is asked at the end. */
const believed = async (client: pg.Client): Promise<number> => {
  const text = `SELECT count(*)::int AS n FROM ledger.anchor WHERE state = 'anchored'`;
  return (await client.query<{ n: number }>(text)).rows[0]?.n ?? 0;
};

const unheard = (silent: number): string[] =>
  silent > silence ? [`the intake acknowledged nothing for ${silent} ms`] : [];

/** Listens to how long a hospital hears nothing. */
class Ear {
  private last = Date.now();
  private longest = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(hospital: Hospital) {
    let total = hospital.total;
    this.timer = setInterval(() => {
      const now = Date.now();
      this.longest = Math.max(this.longest, now - this.last);
      if (hospital.total > total) [total, this.last] = [hospital.total, now];
    }, 50);
  }

  /** @returns the longest silence, ms */
  stop(): number {
    clearInterval(this.timer);
    return this.longest;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
