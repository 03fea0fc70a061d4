import { peer, type ledger } from '@hyperledger/fabric-protos';
import { createHash } from 'node:crypto';
import type { CopiedEntry } from './copy.js';
import type { ReadBlock, ReadCall } from './read-block.js';

type Version = readonly [number, number];

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');
const sameVersion = (a: Version | undefined, b: Version | undefined): boolean => a?.[0] === b?.[0] && a?.[1] === b?.[1];

/** What the blocks read so far come to: the version of every key of every namespace, and of the chaincode's keys a digest of the value. */
export class ReplayedVersions {
  readonly #versions = new Map<string, Map<string, { version: Version; digest: string }>>();

  constructor(private readonly chaincode: string) {}

  /** Whether a call's reads still hold; ranges so long that the peer summed them up as hashes are left to it. */
  holds({ sets }: ReadCall): 'valid' | 'mvcc' | 'phantom' {
    for (const { namespace, set } of sets) {
      const there = this.#versions.get(namespace);
      for (const read of set.getReadsList()) {
        const version = read.getVersion();
        const seen = version && ([version.getBlockNum(), version.getTxNum()] as const);
        if (!sameVersion(seen, there?.get(read.getKey())?.version)) return 'mvcc';
      }
      if (!set.getRangeQueriesInfoList().every((range) => this.#rangeHolds(namespace, range))) return 'phantom';
    }
    return 'valid';
  }

  apply({ number }: ReadBlock, index: number, { sets }: ReadCall): void {
    for (const { namespace, set } of sets) {
      const there = this.#versions.get(namespace) ?? new Map<string, { version: Version; digest: string }>();
      this.#versions.set(namespace, there);
      for (const write of set.getWritesList()) {
        const kept = namespace === this.chaincode ? digest(write.getValue_asU8()) : '';
        if (write.getIsDelete()) there.delete(write.getKey());
        else there.set(write.getKey(), { version: [number, index], digest: kept });
      }
    }
  }

  keys(): Set<string> {
    return new Set(this.#versions.get(this.chaincode)?.keys());
  }

  /** @returns what is wrong with an entry of the state */
  differs({ key, value, version }: CopiedEntry): string | undefined {
    const replayed = this.#versions.get(this.chaincode)?.get(key);
    if (replayed === undefined) return 'no block writes it';
    if (replayed.digest !== digest(value)) return 'its value is not the one that the blocks write';
    return sameVersion(replayed.version, version) ? undefined : 'its version is not the one that the blocks give';
  }

  /** A range that was not read to its end counts up to the last key that was; one without a result has no reads at all. */
  #rangeHolds(namespace: string, range: ledger.rwset.kvrwset.RangeQueryInfo): boolean {
    if (range.getReadsMerkleHashes() !== undefined) return true;
    const reads = range.getRawReads()?.getKvReadsList() ?? [];
    const seen = reads.map((one) => {
      const version = one.getVersion();
      return `${one.getKey()} ${version?.getBlockNum()} ${version?.getTxNum()}`;
    });
    const last = range.getItrExhausted() ? undefined : reads.at(-1)?.getKey();
    return seen.join('\n') === this.#range(namespace, range.getStartKey(), range.getEndKey(), last).join('\n');
  }

  #range(namespace: string, start: string, end: string, last: string | undefined): string[] {
    const there = this.#versions.get(namespace) ?? new Map<string, { version: Version }>();
    return [...there]
      .filter(([key]) => start <= key && (end === '' || key < end) && (last === undefined || key <= last))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { version }]) => `${key} ${version[0]} ${version[1]}`);
  }
}

/** Verdicts that replay can check. */
export const replayable = new Map<number, 'valid' | 'mvcc' | 'phantom'>([
  [peer.TxValidationCode.VALID, 'valid'],
  [peer.TxValidationCode.MVCC_READ_CONFLICT, 'mvcc'],
  [peer.TxValidationCode.PHANTOM_READ_CONFLICT, 'phantom'],
]);
