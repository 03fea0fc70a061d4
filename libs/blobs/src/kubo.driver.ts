import { problem } from '@medshare/problems';
import { create, type KuboRPCClient } from 'kubo-rpc-client';
import type { CID } from 'multiformats/cid';
import type { Blobs } from './blobs.port.js';
import { CarBlobs, type CarBlobsOptions } from './car-blobs.js';
import type { Car, CarStore, Copy } from './car-store.js';
import { parseCid, RAW } from './ipfs/address.js';
import { isWhole } from './ipfs/read-copy.js';
import { isFull } from './storage-problem.js';

export interface KuboOptions extends CarBlobsOptions {
  /** RPC addresses of the institution's own nodes; the first is asked first */
  readonly nodes: readonly string[];
  /** Nodes that must have a blob pinned before it counts as stored; default 2, or 1 where there is one node. */
  readonly copies?: number;
  /** value of the header Authorization, where the nodes ask for one (kubo's `API.Authorizations`) */
  readonly authorization?: string;
  /** ms in which a node must say something; default 10,000 */
  readonly timeoutMs?: number;
}

const timeout = 10_000;
/** In which blocks must be gone, ms: before it takes one away, a node walks all that it has pinned (30 µs each, seen at 20,000). */
const erasing = 600_000;
/** Addresses in one request. */
const page = 256;

/** One node of a private swarm. What it says of blocks is checked by whoever reads them. */
class KuboNode {
  readonly #client: KuboRPCClient;

  constructor(
    readonly url: string,
    private readonly timeoutMs: number,
    authorization: string | undefined,
  ) {
    this.#client = create({ url, ...(authorization !== undefined && { headers: { authorization } }) });
  }

  async version(): Promise<string> {
    return (await this.#client.version(this.#soon())).version;
  }

  async isPinned(root: CID): Promise<boolean> {
    try {
      let pinned = false;
      for await (const { cid } of this.#client.pin.ls({ paths: root, type: 'recursive', ...this.#soon() }))
        pinned ||= cid.equals(root);
      return pinned;
    } catch (caught) {
      if (/is not pinned/.test(String(caught))) return false;
      throw caught;
    }
  }

  async *pins(): AsyncGenerator<string> {
    // however many there are, the next one comes soon
    for await (const { cid } of this.#client.pin.ls({ type: 'recursive' })) if (cid.version === 1) yield cid.toString();
  }

  /** The node hashes every block itself, and pins the root last. */
  async take(car: Car): Promise<void> {
    // a pin is no proof that the blocks are unharmed, and a node keeps what stands under an address already
    if ((await this.isPinned(car.root)) && !(await isWhole(car.root, this.copy(car.root)))) {
      await this.#client.pin.rm(car.root, this.#soon());
      await this.#removeBlocks(car.cids);
    }
    let taken = false;
    // answers are read to their end, here and above: who leaves one early loses its connection
    for await (const { root } of this.#client.dag.import([car.bytes()], { pinRoots: true })) {
      if (root.pinErrorMsg) throw new Error(`not pinned: ${root.pinErrorMsg}`);
      taken ||= root.cid.equals(car.root);
    }
    if (!taken) throw new Error('the node took no root');
  }

  /** @param others nodes that may help out with a block */
  copy(root: CID, others: readonly KuboNode[] = []): Copy {
    return { car: this.#car(root), blocks: [this, ...others].map((node) => (cid) => node.#block(cid)) };
  }

  /** @returns undefined when the node has not got it. @throws when it could not be asked */
  async #block(cid: CID): Promise<Uint8Array | undefined> {
    const soon = this.#soon();
    try {
      return await this.#client.block.get(cid, soon);
    } catch (caught) {
      if (isNotThere(caught)) return undefined;
      if (!soon.signal.aborted) throw caught;
      // a node that waited for the swarm still talks; one that hangs has said nothing of the block
      await this.version();
      return undefined;
    }
  }

  /** Unpins, and takes the blocks off the disk at once. */
  async erase(root: CID): Promise<void> {
    const pinned = await this.isPinned(root);
    const below = pinned ? await this.#below(root) : undefined;
    if (pinned) await this.#client.pin.rm(root, this.#soon());
    if (below) await this.#removeBlocks([root, ...below]);
    // what a damaged root does not tell, or an erasure left that broke off after the unpinning: the collector finds both
    else await this.#collect();
  }

  async #collect(): Promise<void> {
    for await (const { err } of this.#client.repo.gc({ signal: AbortSignal.timeout(erasing) })) if (err) throw err;
  }

  /** Those of another pinned blob stay; `force` passes over what is not there. */
  async #removeBlocks(cids: readonly CID[]): Promise<void> {
    for (let at = 0; at < cids.length; at += page)
      for await (const { error } of this.#client.block.rm([...cids.slice(at, at + page)], {
        force: true,
        signal: AbortSignal.timeout(erasing),
      }))
        if (error && !error.message.includes('pinned')) throw error;
  }

  /** @returns every address below a root; undefined when it cannot be read */
  async #below(root: CID): Promise<CID[] | undefined> {
    if (root.code === RAW) return [];
    const found: CID[] = [];
    try {
      for await (const { ref, err } of this.#client.refs(root, { recursive: true, unique: true, ...this.#soon() })) {
        if (err) return undefined;
        found.push(parseCid(ref));
      }
      return found;
    } catch {
      return undefined;
    }
  }

  async *#car(root: CID): AsyncGenerator<Uint8Array> {
    // a node that misses a block waits for the swarm: whoever says nothing for so long has not got it
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), this.timeoutMs);
    let ended = false;
    try {
      for await (const part of this.#client.dag.export(root, { signal: abort.signal })) {
        timer.refresh();
        yield part;
        timer.refresh();
      }
      ended = true;
    } catch (caught) {
      // our own time-out says that it ends here; a line that breaks says nothing
      if (!abort.signal.aborted) throw caught;
    } finally {
      clearTimeout(timer);
      if (!ended) abort.abort();
    }
  }

  #soon(): { signal: AbortSignal } {
    return { signal: AbortSignal.timeout(this.timeoutMs) };
  }
}

/** kubo's words (boxo 0.39) for a block that it lacks, or whose bytes are others where it hashes what it reads. */
const isNotThere = (caught: unknown): boolean =>
  /could not find|not found locally|has different hash/.test(caught instanceof Error ? caught.message : '');

/** A node whose API asks for credentials, and got others. */
const isRefusal = (reason: unknown): boolean =>
  [401, 403].includes((reason as { response?: { status?: number } }).response?.status ?? 0);

/** Nodes of one institution, each with every blob pinned. */
class KuboCars implements CarStore {
  constructor(
    private readonly nodes: readonly KuboNode[],
    readonly wanted: number,
  ) {}

  /** @throws Problem `config.invalid` when fewer nodes answer than must have every blob */
  async open(): Promise<this> {
    const answers = await Promise.allSettled(this.nodes.map((node) => node.version()));
    const silent = this.nodes.filter((_, at) => answers[at]?.status === 'rejected').map(({ url }) => url);
    if (this.nodes.length - silent.length >= this.wanted) return this;
    if (answers.some((answer) => answer.status === 'rejected' && isRefusal(answer.reason)))
      throw problem('config.invalid', {
        where: 'ipfs.user',
        detail: `${silent.join(' and ')}: refused, see ipfs.user and ipfs.passwordFile`,
      });
    const detail = `${this.wanted} IPFS nodes must answer, and ${silent.join(' and ')} ${silent.length > 1 ? 'do' : 'does'} not`;
    throw problem('config.invalid', { where: 'ipfs.nodes', detail });
  }

  async write(car: Car): Promise<void> {
    const taken = await Promise.allSettled(this.nodes.map((node) => node.take(car)));
    const failed = taken.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    if (this.nodes.length - failed.length >= this.wanted) return;
    const why = failed.some(({ reason }) => isFull(reason)) ? ': the store is full' : '';
    const detail = `${this.nodes.length - failed.length} of ${this.wanted} IPFS nodes have it${why}`;
    throw problem('storage.unavailable', { where: 'blobs', detail, cause: failed[0]?.reason });
  }

  async read(root: CID): Promise<Copy | undefined> {
    const [first, ...others] = await this.#holders(root);
    return first?.copy(root, others);
  }

  async copies(root: CID): Promise<readonly Copy[]> {
    return (await this.#holders(root)).map((node) => node.copy(root));
  }

  async has(root: CID): Promise<boolean> {
    return (await this.#holders(root)).length > 0;
  }

  /** What the first node that answers has pinned. */
  async *list(): AsyncGenerator<string> {
    for (const node of this.nodes) {
      if (await node.version().catch(() => undefined)) return yield* node.pins();
    }
    throw new Error('no IPFS node answers');
  }

  async remove(root: CID): Promise<void> {
    const [failed] = (await Promise.allSettled(this.nodes.map((node) => node.erase(root)))).filter(
      ({ status }) => status === 'rejected',
    ) as PromiseRejectedResult[];
    // what a node still has is not erased
    if (failed) throw failed.reason;
  }

  /** @throws when nobody has it and somebody could not be asked */
  async #holders(root: CID): Promise<KuboNode[]> {
    const answers = await Promise.allSettled(this.nodes.map((node) => node.isPinned(root)));
    const holders = this.nodes.filter((_, at) => {
      const answer = answers[at];
      return answer?.status === 'fulfilled' && answer.value;
    });
    const silent = answers.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
    if (holders.length === 0 && silent) throw silent.reason;
    return holders;
  }
}

/**
 * Blobs pinned on every node of an institution's private swarm. A node serves one institution: what is pinned on it is that institution's.
 * @throws Problem `config.invalid` when too few nodes answer
 */
export const openKubo = async (options: KuboOptions): Promise<Blobs> => {
  const { nodes, copies = Math.min(2, nodes.length), authorization, timeoutMs = timeout } = options;
  const each = nodes.map((url) => new KuboNode(url, timeoutMs, authorization));
  return new CarBlobs(await new KuboCars(each, copies).open(), options);
};
