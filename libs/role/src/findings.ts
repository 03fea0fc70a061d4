/** Something that two stores do not agree on, or that does not verify: what `fsck` names. */
export interface Finding {
  /** Which stores were compared, e.g. `vault.record ↔ blobs`. */
  store: string;
  /** Opaque id of the thing. */
  id: string;
  /** A problem code, or `disagrees` / `missing` / `doubled`. */
  problem: string;
  /** What was expected and what was found; opaque ids and sizes only. */
  detail: string;
}

/** Told between two things of a long walk how far it is; what it throws ends the walk. */
export type OnWalked = (store: string, done: number, total: number) => void;

/** Walks a role's stores and names whatever does not agree. */
export type Check = () => AsyncIterable<Finding>;
