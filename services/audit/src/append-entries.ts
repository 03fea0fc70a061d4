import { canonical, signDocument, toBase64url } from '@medshare/crypto';
import type { Tx } from '@medshare/database';
import type { AuditEntry, AuditReceipt } from '@medshare/events';
import { appendLeaves, saltedLeaf } from '@medshare/proofs';
import type { RoleContext } from '@medshare/role';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { insertEntries, insertNodes, knownEntries, lockHead, readNode, setHead, type NewEntry } from './store/log.js';

interface Waiting {
  entry: AuditEntry;
  resolve: (receipt: AuditReceipt) => void;
  reject: (cause: unknown) => void;
}

/** Entries written in one transaction at most. */
const batch = 500;

/**
 * Appends to the institution's transparency log. Entries that wait together share one transaction; the head's row lock
 * gives every entry its place, also with several replicas.
 */
export class AppendEntries {
  private readonly waiting: Waiting[] = [];
  private running = false;

  constructor(private readonly context: RoleContext) {}

  /** Resolves with a signed receipt when the entry is durable. The same id again gives the same receipt. */
  record(entry: AuditEntry): Promise<AuditReceipt> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ entry, resolve, reject });
      if (!this.running) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      const taken = this.waiting.splice(0, batch);
      try {
        const leaves = await this.context.database.transaction((tx) =>
          this.append(
            tx,
            taken.map(({ entry }) => entry),
          ),
        );
        faultPoint('audit.append.done');
        for (const { entry, resolve } of taken) resolve(this.receipt(entry, leaves.get(entry.id)));
      } catch (caught) {
        for (const { reject } of taken) reject(caught);
      }
    }
    this.running = false;
  }

  /** @returns the leaf hash of every entry, known ones included */
  private async append(tx: Tx, entries: AuditEntry[]): Promise<Map<string, Uint8Array>> {
    const size = await lockHead(tx);
    const known = await knownEntries(
      tx,
      entries.map(({ id }) => id),
    );
    const leaves = new Map<string, Uint8Array>([...known].map(([id, { leaf }]) => [id, leaf]));
    const rows: NewEntry[] = [];
    for (const entry of entries) {
      if (leaves.has(entry.id)) continue;
      const row = this.rowOf(entry, size + rows.length);
      rows.push(row);
      leaves.set(entry.id, row.leaf);
    }
    if (rows.length === 0) return leaves;
    const hash = (...parts: Uint8Array[]) => this.context.suite.hash(...parts);
    const added = rows.map(({ leaf }) => leaf);
    const nodes = await appendLeaves(hash, size, added, (level, position) => readNode(tx, level, position));
    await insertEntries(tx, rows);
    await insertNodes(tx, nodes);
    await setHead(tx, size + rows.length);
    faultPoint('audit.append.written');
    return leaves;
  }

  private rowOf(entry: AuditEntry, index: number): NewEntry {
    const { suite, random } = this.context;
    const salt = random.bytes(32);
    const bytes = new TextEncoder().encode(canonical(entry));
    const leaf = saltedLeaf((...parts) => suite.hash(...parts), salt, bytes);
    const { id, time, action, outcome, entities } = entry;
    return { index, id, time, action, outcome, salt, leaf, bytes, entities };
  }

  private receipt(entry: AuditEntry, leaf: Uint8Array | undefined): AuditReceipt {
    const { institution, suite, signingKey } = this.context;
    if (!leaf) throw new Error('an appended entry has no leaf');
    const body = { version: 1 as const, entryId: entry.id, institution, leaf: toBase64url(leaf), time: entry.time };
    return { ...body, signature: signDocument(suite, signingKey.privateKey, 'audit-receipt', 1, body) };
  }
}
