import { canonical, signDocument, toBase64url } from '@medshare/crypto';
import type { Tx } from '@medshare/database';
import { auditEntry, type AuditEntry, type AuditReceipt } from '@medshare/events';
import { isTransient } from '@medshare/outbox';
import { problem } from '@medshare/problems';
import { appendLeaves, saltedLeaf } from '@medshare/proofs';
import type { RoleContext } from '@medshare/role';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { insertEntries, insertNodes, knownEntries, lockHead, readNode, setHead, type NewEntry } from './store/log.js';

interface Waiting {
  entry: AuditEntry;
  resolve: (receipt: AuditReceipt) => void;
  reject: (cause: unknown) => void;
}

type Written = Pick<NewEntry, 'leaf' | 'bytes'>;

/** Entries written in one transaction at most. */
const batch = 500;
/** Entries that wait at most; more are refused, and whoever tells by event tells again. */
const mostWaiting = 20_000;

/**
 * Appends to the institution's transparency log. Entries that wait together share one transaction; the head's row lock
 * gives every entry its place, also with several replicas.
 */
export class AppendEntries {
  private readonly waiting: Waiting[] = [];
  private running = false;

  constructor(private readonly context: RoleContext) {}

  /**
   * Resolves with a signed receipt when the entry is durable. The same id again gives the same receipt, whatever its time.
   * @throws Problem request.conflict when the id is taken by another fact: a receipt speaks of what stands in the log
   */
  record(entry: AuditEntry): Promise<AuditReceipt> {
    if (this.waiting.length >= mostWaiting)
      return Promise.reject(problem('storage.unavailable', { where: 'audit', detail: 'too many entries wait' }));
    return new Promise((resolve, reject) => {
      this.waiting.push({ entry, resolve, reject });
      if (!this.running) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) await this.write(this.waiting.splice(0, batch));
    this.running = false;
  }

  /** One entry that cannot be written fails alone: the others of its batch are tried without it. */
  private async write(taken: Waiting[]): Promise<void> {
    try {
      const written = await this.context.database.transaction((tx) =>
        this.append(
          tx,
          taken.map(({ entry }) => entry),
        ),
      );
      faultPoint('audit.append.done');
      for (const one of taken) this.answer(one, written.get(one.entry.id));
    } catch (caught) {
      if (taken.length === 1 || isTransient(caught)) return taken.forEach(({ reject }) => reject(caught));
      const half = Math.ceil(taken.length / 2);
      await this.write(taken.slice(0, half));
      await this.write(taken.slice(half));
    }
  }

  private answer({ entry, resolve, reject }: Waiting, written: Written | undefined): void {
    try {
      resolve(this.receipt(entry, written));
    } catch (caught) {
      reject(caught);
    }
  }

  /** @returns what stands in the log under every id, known ones included */
  private async append(tx: Tx, entries: AuditEntry[]): Promise<Map<string, Written>> {
    const size = await lockHead(tx);
    const ids = entries.map(({ id }) => id);
    const written = new Map<string, Written>(await knownEntries(tx, ids));
    const rows: NewEntry[] = [];
    for (const entry of entries) {
      if (written.has(entry.id)) continue;
      const row = this.rowOf(entry, size + rows.length);
      rows.push(row);
      written.set(entry.id, row);
    }
    if (rows.length === 0) return written;
    const hash = (...parts: Uint8Array[]) => this.context.suite.hash(...parts);
    const added = rows.map(({ leaf }) => leaf);
    const nodes = await appendLeaves(hash, size, added, (level, position) => readNode(tx, level, position));
    await insertEntries(tx, rows);
    await insertNodes(tx, nodes);
    await setHead(tx, size + rows.length);
    faultPoint('audit.append.written');
    return written;
  }

  private rowOf(entry: AuditEntry, index: number): NewEntry {
    const { suite, random } = this.context;
    const salt = random.bytes(32);
    const bytes = new TextEncoder().encode(canonical(entry));
    const leaf = saltedLeaf((...parts) => suite.hash(...parts), salt, bytes);
    const { id, time, action, outcome, entities } = entry;
    return { index, id, time, action, outcome, salt, leaf, bytes, entities };
  }

  private receipt(entry: AuditEntry, written: Written | undefined): AuditReceipt {
    const { institution, suite, signingKey } = this.context;
    if (!written) throw new Error('an appended entry has no leaf');
    const stored = auditEntry.parse(JSON.parse(new TextDecoder().decode(written.bytes)));
    if (canonical({ ...entry, time: stored.time }) !== canonical(stored))
      throw problem('request.conflict', { where: 'entry.id', detail: 'the id is taken by another entry' });
    const body = {
      version: 1 as const,
      entryId: entry.id,
      institution,
      leaf: toBase64url(written.leaf),
      time: stored.time,
    };
    return { ...body, signature: signDocument(suite, signingKey.privateKey, 'audit-receipt', 1, body) };
  }
}
