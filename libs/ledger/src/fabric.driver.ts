import { endOf, keys, type Json } from '@medshare/chaincode-region';
import { systemClock, systemRandom, type Clock, type Random } from '@medshare/clock';
import { canonical } from '@medshare/crypto';
import { migrate, openDatabase, type Database } from '@medshare/database';
import type { Region } from '@medshare/events/chain';
import { asProblem, problem, type Problem } from '@medshare/problems';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChainSigning } from './chain-signing.js';
import { checkIdentity, checkPeer, probeTls } from './fabric/check-access.js';
import { toCommittedBlock } from './fabric/committed-block.js';
import { openConnection, type Connection } from './fabric/connection.js';
import { Copy } from './fabric/copy.js';
import { Follower } from './fabric/follower.js';
import { Ordering } from './fabric/ordering.js';
import { reachOrganisations } from './fabric/reach-organisations.js';
import { defaultSettings, type FabricAccess, type FabricParts, type FabricSettings } from './fabric/settings.js';
import { Submitter } from './fabric/submitter.js';
import { verifyCopy } from './fabric/verify-copy.js';
import type { OnFinding } from './finding.js';
import type { ChainFinding, CommittedBlock, Head, Ledger, Reachability, Stored, Submitted } from './ledger.port.js';
import { chainMigrations } from './migrations.js';
import { Renewal } from './renewal.js';

export type { FabricAccess, FabricSettings } from './fabric/settings.js';

export interface FabricLedgerOptions {
  readonly institution: string;
  readonly region: Region;
  /** The member's ledger key, 32 bytes: signs for the blocks that its peer told. */
  readonly privateKey: Uint8Array;
  /** The institution's database; the copy of the channel lives in its schema `chain`. */
  readonly url: string;
  /** Connections to it at most; default 8. */
  readonly connections?: number;
  readonly access: FabricAccess;
  /** Reads certificates and keys again: what was exchanged in their files is taken up without a restart. */
  readonly readAccess?: () => FabricAccess;
  /** Told when they were. */
  readonly onRenewed?: () => void;
  readonly onFinding?: OnFinding;
  /** Told when the peer cannot be reached or its blocks cannot be had; it is asked again. */
  readonly onTrouble?: (found: Problem) => void;
  readonly clock?: Pick<Clock, 'now'>;
  readonly random?: Pick<Random, 'bytes'>;
  readonly settings?: Partial<FabricSettings>;
  /** False for who only checks the copy: no connection is made. Default true. */
  readonly follow?: boolean;
}

const pageBytes = 16 * 1024 * 1024;
const pageEntries = 1000;
const pageBlocks = 100;
/** How long a follower of blocks sleeps when nothing wakes it, ms: another replica may have taken a block. */
const pollMs = 1000;
/** How long a start waits until the region stands in the copy, ms; then it goes on by itself. */
const beginMs = 30_000;

/**
 * Opens an institution's place on a Hyperledger Fabric channel: its own peer's Gateway to submit through, its own peer's blocks in its own
 * database to read from. Migrates the schema, begins to follow, writes the region's document if the channel has none. Several processes
 * of an institution may share a copy.
 *
 * What its own peer says is valid is believed at once and checked by `verify()`; that enough organisations endorsed, and that ordering was
 * right, every peer checks, and the signatures in the blocks show.
 *
 * @throws `config.invalid` that names the setting, when identity, TLS, organisation, channel or chaincode are not what the network knows,
 *   or the channel belongs to another region
 */
export async function openFabricLedger(options: FabricLedgerOptions): Promise<Ledger> {
  const { region, institution, access, clock = systemClock, follow = true } = options;
  if (!region.members.some(({ id }) => id === institution))
    throw problem('config.invalid', { where: institution, detail: 'no member of the region' });
  if (follow) checkIdentity(access, clock.now());
  await migrate(options.url, 'chain', [chainMigrations]);
  const database = openDatabase({
    url: options.url,
    schema: 'chain',
    max: options.connections,
    applicationName: 'medshare chain',
  });
  const ledger = new FabricLedger(options, database);
  try {
    if (follow) await ledger.begin();
  } catch (caught) {
    await ledger.close();
    throw caught;
  }
  return ledger;
}

class FabricLedger implements Ledger {
  readonly kind = 'fabric';
  readonly #database: Database;
  readonly #options: FabricLedgerOptions;
  readonly #parts: FabricParts;
  readonly #connection: Connection;
  readonly #copy: Copy;
  readonly #signing: ChainSigning;
  readonly #follower: Follower;
  readonly #ordering: Ordering;
  readonly #submitter: Submitter;
  readonly #renewal: Renewal<FabricAccess> | undefined;
  readonly #closed = new AbortController();
  /** Organisations with other code that were reported. */
  readonly #told = new Map<string, string>();
  #beginning: Promise<void> = Promise.resolve();

  constructor(options: FabricLedgerOptions, database: Database) {
    const { institution, region, access, privateKey } = options;
    const { random = systemRandom, onFinding = () => undefined, onTrouble = () => undefined } = options;
    const settings = { ...defaultSettings, ...options.settings };
    this.#options = options;
    this.#database = database;
    this.#parts = { institution, region, settings, onFinding };
    this.#connection = openConnection(access);
    this.#copy = new Copy(database);
    this.#signing = new ChainSigning(region);
    const [connection, copy, signing] = [this.#connection, this.#copy, this.#signing];
    this.#follower = new Follower({ ...this.#parts, connection, copy, signing, privateKey, onTrouble });
    this.#ordering = new Ordering(connection, copy, settings);
    const { follower, ordering } = { follower: this.#follower, ordering: this.#ordering };
    this.#submitter = new Submitter({ ...this.#parts, connection, copy, follower, ordering, random });
    const { readAccess: read, onRenewed = () => undefined, clock = systemClock } = options;
    const take = (found: FabricAccess) => this.#renew(found, clock.now());
    const used = () => connection.access;
    this.#renewal = read && new Renewal({ everyMs: settings.renewMs, read, used, take, onRenewed, onTrouble });
  }

  /** A peer that is away does not keep the institution from starting: the rest goes on once it is back. */
  async begin(): Promise<void> {
    const { access, onTrouble = () => undefined } = this.#options;
    const height = await this.#check(this.#connection).catch((caught: unknown) => {
      const found = asProblem(caught);
      if (found.code !== 'ledger.unavailable') throw caught;
      onTrouble(found);
      return undefined;
    });
    this.#follower.start();
    this.#ordering.start();
    this.#renewal?.start();
    const begun = this.#awaitRegion(height);
    if (height === undefined) {
      this.#beginning = begun.catch((caught: unknown) => onTrouble(asProblem(caught)));
      return;
    }
    const late = sleep(beginMs, 'late' as const, { signal: this.#closed.signal }).catch(() => 'late' as const);
    if ((await Promise.race([begun.then(() => 'begun' as const), late])) === 'begun') return;
    onTrouble(problem('ledger.unavailable', { where: access.channel, detail: 'the region is not in the copy yet' }));
    this.#beginning = begun.catch((caught: unknown) => onTrouble(asProblem(caught)));
  }

  /** @returns number of blocks that the peer has */
  async #check(connection: Connection): Promise<number> {
    const { endorseMs } = this.#parts.settings;
    await probeTls(connection.access, endorseMs);
    return checkPeer(connection, endorseMs);
  }

  /** What was exchanged is asked as at a start, over a line of its own. */
  async #renew(access: FabricAccess, now: number): Promise<void> {
    checkIdentity(access, now);
    const line = openConnection(access);
    try {
      await this.#check(line);
    } finally {
      line.close();
    }
    this.#connection.renew(access);
  }

  /** Waits for the region's document, as it was amended last, and begins the chain where the whole of it holds none. */
  async #awaitRegion(known: number | undefined): Promise<void> {
    const { signal } = this.#closed;
    for (let height = known; !signal.aborted;) {
      const stored = await this.get(keys.region);
      if (stored !== undefined && this.#isOurs(stored)) return;
      height ??= await this.#check(this.#connection).catch(() => undefined);
      const head = await this.#copy.head();
      const whole = height !== undefined && (head?.number ?? -1) >= height - 1;
      if (!whole) await this.#follower.taken.wait(500, signal);
      else if (stored === undefined) await this.#initialise();
      // at the end of the chain there is no amendment to come
      else
        throw problem('config.invalid', {
          where: 'ledger',
          detail: 'the channel holds another region document; if it was amended, take that up',
        });
    }
  }

  async #initialise(): Promise<void> {
    const { onTrouble = () => undefined } = this.#options;
    try {
      await this.#submitter.submit('init', this.#parts.region as unknown as Json);
    } catch (caught) {
      onTrouble(asProblem(caught));
      await sleep(1000, undefined, { signal: this.#closed.signal }).catch(() => undefined);
    }
  }

  #isOurs(stored: Uint8Array): boolean {
    return Buffer.from(stored).toString('utf8') === canonical(this.#parts.region as unknown as Json);
  }

  submit(fn: string, args: Json): Promise<Submitted> {
    return this.#submitter.submit(fn, args);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.getMany([key])).get(key)?.value;
  }

  async getMany(wanted: readonly string[]): Promise<ReadonlyMap<string, Stored>> {
    const found = await this.#copy.getMany(wanted);
    return new Map(found.map(({ key, value, version }) => [key, { key, value, block: version[0] }]));
  }

  async *range(prefix: string): AsyncIterable<Stored> {
    for (let start = prefix; ;) {
      const page = await this.#copy.range(start, endOf(prefix), pageEntries);
      for (const { key, value, version } of page) yield { key, value, block: version[0] };
      const last = page.at(-1);
      if (last === undefined || page.length < pageEntries) return;
      start = `${last.key}\u0001`;
    }
  }

  /** Out of the database, where a block and what it wrote appear at one instant: what was read between two equal heads is the state there. */
  async height(): Promise<Head> {
    const head = await this.#copy.head();
    if (head === undefined) throw problem('ledger.unavailable', { detail: 'the peer has told no block yet' });
    return head;
  }

  async reachability(): Promise<Reachability> {
    const height = (await this.#copy.head())?.number ?? -1;
    return reachOrganisations(this.#parts, this.#connection, this.#ordering, { height, told: this.#told });
  }

  async *blocks(from: number, given: AbortSignal): AsyncIterable<CommittedBlock> {
    const signal = AbortSignal.any([given, this.#closed.signal]);
    const { chaincode } = this.#options.access;
    for (let next = from; !signal.aborted;) {
      const woken = this.#follower.taken.wait(pollMs, signal);
      const page = await this.#copy.blocks(next, pageBlocks, pageBytes);
      for (const stored of page) {
        if (signal.aborted) return;
        yield toCommittedBlock({ region: this.#parts.region, chaincode }, stored);
        next = stored.number + 1;
      }
      if (page.length === 0) await woken;
    }
  }

  verify(onBlock?: (block: number) => void): AsyncIterable<ChainFinding> {
    const { institution, region } = this.#parts;
    const { chaincode } = this.#options.access;
    return verifyCopy({ institution, region, chaincode, copy: this.#copy, signing: this.#signing }, onBlock);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#submitter.close();
    await this.#renewal?.stop();
    await this.#ordering.stop();
    await this.#follower.stop();
    await this.#beginning;
    this.#connection.close();
    await this.#database.close();
  }
}
