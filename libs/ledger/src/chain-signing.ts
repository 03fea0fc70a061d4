import {
  canonical,
  documentHash,
  fromBase64url,
  signDocument,
  suite as suiteOf,
  verifyDocument,
  type Suite,
} from '@medshare/crypto';
import type { Region } from '@medshare/events/chain';

type Type = 'proposal' | 'outcome' | 'endorsement' | 'transactions' | 'block' | 'commit' | 'view';

/** Hashes, signs and checks the embedded ledger's documents under the region's suite and its members' ledger keys. */
export class ChainSigning {
  readonly #suite: Suite;
  readonly #keys: ReadonlyMap<string, Uint8Array>;

  constructor(region: Region) {
    this.#suite = suiteOf(region.suite);
    this.#keys = new Map(region.members.map(({ id, keys }) => [id, fromBase64url(keys.ledger)]));
  }

  isMember(institution: string): boolean {
    return this.#keys.has(institution);
  }

  /** @returns base64url, 32 bytes */
  hash(type: Type, value: unknown): string {
    return documentHash(this.#suite, type, 1, value);
  }

  sign(privateKey: Uint8Array, type: Type, value: unknown): string {
    return signDocument(this.#suite, privateKey, type, 1, value);
  }

  /** @returns whether `institution` is a member and its ledger key made the signature */
  holds(institution: string, type: Type, value: unknown, signature: string): boolean {
    const key = this.#keys.get(institution);
    if (key === undefined) return false;
    return verifyDocument(this.#suite, key, type, 1, value, signature);
  }
}

export const canonicalText = (value: unknown): string => canonical(value);
