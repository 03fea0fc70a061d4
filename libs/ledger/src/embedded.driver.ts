import { chaincode as regionChaincode, endOf, type Chaincode, type Json } from '@medshare/chaincode-region';
import { systemClock, systemRandom, type Clock, type Random } from '@medshare/clock';
import { migrate, openDatabase, type Database } from '@medshare/database';
import type { Region } from '@medshare/events/chain';
import { problem } from '@medshare/problems';
import { ChainSigning } from './chain-signing.js';
import { chaincodeHash } from './embedded/chaincode-hash.js';
import { toCommittedBlock } from './embedded/committed-block.js';
import type { OnFinding } from './finding.js';
import { Follower } from './embedded/follower.js';
import { holdCopy, type Held } from './embedded/hold-copy.js';
import { Orderer } from './embedded/orderer.js';
import { Peer } from './embedded/peer.js';
import { PostgresChainStore } from './embedded/postgres-chain-store.js';
import { defaultSettings, type EmbeddedSettings } from './embedded/settings.js';
import { Submitter, type SubmitterParts } from './embedded/submitter.js';
import type { Member, Transport } from './embedded/transport.js';
import { reachMembers } from './embedded/reach-members.js';
import { verifyChain } from './embedded/verify-chain.js';
import { chainMigrations } from './migrations.js';
import type { ChainFinding, CommittedBlock, Head, Ledger, Reachability, Stored, Submitted } from './ledger.port.js';

export interface EmbeddedLedgerOptions {
  readonly institution: string;
  readonly region: Region;
  /** The member's ledger key, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** The institution's database; the copy of the chain lives in its schema `chain`. */
  readonly url: string;
  /** Connections to it at most; default 8. */
  readonly connections?: number;
  readonly transport: Transport;
  readonly onFinding?: OnFinding;
  readonly clock?: Pick<Clock, 'now'>;
  readonly random?: Pick<Random, 'bytes'>;
  readonly settings?: Partial<EmbeddedSettings>;
  /** Whether to take up new blocks; only one process may, a second one waits. Who merely checks a copy does not. Default true. */
  readonly follow?: boolean;
  /** Called once when another process has the copy, and this one waits until it is free. */
  readonly onWait?: () => void;
  /** Called when another process took the copy over, after a connection was lost: this one must end. */
  readonly onLost?: () => void;
  /** Aborted when this process is to end: it stands by no longer. */
  readonly stop?: AbortSignal | undefined;
  readonly chaincode?: Chaincode;
  /** File name → text of what the chaincode is built of (`readBundle`); part of its hash. */
  readonly sources?: Readonly<Record<string, string>>;
}

/** Its blocks are checked against the members of its genesis: they stay who they are. */
const { amend: _, ...functions } = regionChaincode.functions;
const foundersChaincode: Chaincode = { ...regionChaincode, functions };

const pageBytes = 8 * 1024 * 1024;
const pageEntries = 1000;
const pageBlocks = 100;
/** How long a follower of blocks sleeps when nothing wakes it, ms. */
const pollMs = 10_000;

/** One institution's member of the embedded chain: what the institution uses, and what it answers to the other members. */
export interface EmbeddedLedger {
  readonly ledger: Ledger;
  readonly member: Member;
  readonly chaincodeHash: string;
}

/**
 * Opens one member of a small permissioned chain among a region's institutions: its own copy in its own database, its own execution and
 * checks. Migrates the schema, writes or checks the genesis, and begins to follow the chain. One process a copy: a second one waits for the first to end.
 *
 * It trusts the machine of whoever operates it, and its first member as orderer: an orderer that is away stops new blocks, one that lies
 * can leave transactions out, or show members different blocks (which members then see in each other's endorsements and views). It
 * demonstrates and tests everything that medshare does on a chain; it does not replace a chain whose ordering nobody can steer alone.
 *
 * @throws `config.invalid` when the institution is no member, or its copy was begun with another region document; the reason of `stop`
 */
export async function openEmbeddedLedger(options: EmbeddedLedgerOptions): Promise<EmbeddedLedger> {
  if (!options.region.members.some(({ id }) => id === options.institution)) {
    throw problem('config.invalid', { where: options.institution, detail: 'no member of the region' });
  }
  await migrate(options.url, 'chain', [chainMigrations]);
  const { url, follow = true, onWait = () => undefined, onLost = () => undefined, stop } = options;
  const held = follow ? await holdCopy({ url, onWait, onLost, stop }) : undefined;
  const database = openDatabase({
    url: options.url,
    schema: 'chain',
    max: options.connections,
    applicationName: 'medshare chain',
  });
  const parts = { ...assemble(options, database), held };
  try {
    await parts.peer.start();
  } catch (caught) {
    await database.close();
    await held?.release();
    throw caught;
  }
  if (follow) parts.follower?.start();
  return { ledger: new ChainLedger(parts), member: memberOf(parts), chaincodeHash: parts.peer.parts.chaincodeHash };
}

interface Parts {
  readonly database: Database;
  readonly peer: Peer;
  readonly orderer: Orderer | undefined;
  readonly follower: Follower | undefined;
  readonly submitter: Submitter;
  readonly transport: Transport;
  readonly held: Held | undefined;
}

function assemble(options: EmbeddedLedgerOptions, database: Database): Omit<Parts, 'held'> {
  const {
    institution,
    region,
    privateKey,
    transport,
    chaincode = foundersChaincode,
    onFinding = () => undefined,
  } = options;
  const { clock = systemClock, random = systemRandom, sources } = options;
  const settings = { ...defaultSettings, ...options.settings };
  const store = new PostgresChainStore(database);
  const signing = new ChainSigning(region);
  const hash = chaincodeHash(region, chaincode, sources);
  const peer = new Peer({ institution, region, signing, privateKey, chaincode, chaincodeHash: hash, store, clock });
  const orders = region.members[0]?.id === institution;
  const orderer = orders ? new Orderer(peer, settings) : undefined;
  const follower = orders ? undefined : new Follower(peer, transport, settings, onFinding);
  const { endorseMs } = settings;
  const order: SubmitterParts['order'] = (transaction, signal) =>
    orderer ? orderer.order(transaction) : transport.order(transaction, signal);
  const submitter = new Submitter({ peer, transport, endorseMs, onFinding, random, settings, order });
  return { database, peer, orderer, follower, submitter, transport };
}

const memberOf = ({ peer, orderer }: Pick<Parts, 'peer' | 'orderer'>): Member => ({
  endorse: (proposal) => peer.endorse(proposal),
  blocks: (request, signal) => peer.blocks(request, signal),
  order(transaction) {
    if (orderer !== undefined) return orderer.order(transaction);
    return Promise.reject(
      problem('ledger.refused', { where: peer.parts.institution, detail: 'this member does not order' }),
    );
  },
});

class ChainLedger implements Ledger {
  readonly kind = 'embedded';
  readonly #parts: Parts;
  readonly #closed = new AbortController();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  submit(fn: string, args: Json): Promise<Submitted> {
    return this.#parts.submitter.submit(fn, args);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.getMany([key])).get(key)?.value;
  }

  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, Stored>> {
    const found = await this.#parts.peer.parts.store.getMany(keys);
    return new Map([...found].map(([key, { value, version }]) => [key, { key, value, block: version[0] }]));
  }

  async *range(prefix: string): AsyncIterable<Stored> {
    for (let start = prefix; ;) {
      const page = await this.#parts.peer.parts.store.range(start, endOf(prefix), pageEntries);
      for (const { key, value, version } of page) yield { key, value, block: version[0] };
      const last = page.at(-1);
      if (last === undefined || page.length < pageEntries) return;
      start = `${last.key}\u0001`;
    }
  }

  async height(): Promise<Head> {
    const { number, hash } = await this.#parts.peer.settledHead();
    return { number, hash };
  }

  reachability(): Promise<Reachability> {
    const { peer, transport } = this.#parts;
    const { institution, region } = peer.parts;
    return reachMembers({ institution, region, height: peer.head.number, transport });
  }

  async *blocks(from: number, given: AbortSignal): AsyncIterable<CommittedBlock> {
    const { peer } = this.#parts;
    const signal = AbortSignal.any([given, this.#closed.signal]);
    for (let next = from; !signal.aborted;) {
      const woken = peer.committed.wait(pollMs, signal);
      const page = await peer.parts.store.blocks(next, pageBlocks, pageBytes);
      for (const stored of page) {
        if (signal.aborted) return;
        yield toCommittedBlock(peer.parts.signing, stored);
        next = stored.number + 1;
      }
      if (page.length === 0) await woken;
    }
  }

  verify(onBlock?: (block: number) => void): AsyncIterable<ChainFinding> {
    return verifyChain(this.#parts.peer.parts, onBlock);
  }

  async close(): Promise<void> {
    const { submitter, follower, orderer, peer, database, held } = this.#parts;
    this.#closed.abort();
    submitter.close();
    await follower?.stop();
    await orderer?.stop();
    await peer.stop();
    await database.close();
    await held?.release();
  }
}
