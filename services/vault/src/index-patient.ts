import type { Evaluation } from '@medshare/crypto/oprf';
import type { Queryable, Tx } from '@medshare/database';
import { problem } from '@medshare/problems';
import type { AuditFact, RoleContext } from '@medshare/role';
import type { DeriveIndexKey, Identifier } from './derive-index-key.js';
import type { EvaluateBody, EvaluateIndex } from './evaluate-index.js';
import { assignIndex, indexOfIdentifier, indexOfPatient, keepIndex, type IndexRow } from './store/patients.js';

type Parts = Pick<
  RoleContext,
  'institution' | 'region' | 'random' | 'clock' | 'database' | 'keyEncryption' | 'patientKey'
>;

type Identifiers = readonly Partial<Identifier>[];

export interface PatientIndex {
  id: string;
  /** 32 bytes */
  key: Uint8Array;
  /** False for a patient without an agreed identifier: nobody else finds the records. */
  searchable: boolean;
  /** To be appended to the audit log with what the index is used for. */
  facts: AuditFact[];
}

/** What an index key is wrapped for. */
export const indexContext = (id: string): string => `index/${id}`;

/** The index under which a patient's records are found. */
export class IndexPatient {
  constructor(
    private readonly parts: Parts,
    private readonly derivation: DeriveIndexKey,
    private readonly evaluation: EvaluateIndex,
  ) {}

  /**
   * Derives and keeps the key of a patient not met before, outside any transaction: institutions that wait for each other must
   * not hold connections meanwhile. Repeating it changes nothing.
   */
  async prepare(patientKey: string, readIdentifiers: () => Promise<Identifiers>, recordId: string): Promise<void> {
    const { database, institution } = this.parts;
    if (await indexOfPatient(database, patientKey)) return;
    const identifier = this.agreed(await readIdentifiers());
    if (!identifier || (await indexOfIdentifier(database, this.keyed(identifier)))) return;
    const own = (body: EvaluateBody) => this.evaluation.evaluate(institution, body);
    await this.keep(database, this.keyed(identifier), await this.derivation.derive(identifier, 'seal', recordId, own));
  }

  /** For a record to be sealed: a key of its own stays with the patient when nothing in the record is searchable. */
  async forRecord(tx: Tx, patientKey: string, identifiers: Identifiers, recordId: string): Promise<PatientIndex> {
    const identifier = this.agreed(identifiers);
    const known = identifier
      ? await indexOfIdentifier(tx, this.keyed(identifier))
      : await indexOfPatient(tx, patientKey);
    const found = known
      ? { row: known, facts: [] }
      : identifier
        ? await this.derived(tx, identifier, recordId)
        : { row: await this.keep(tx, null, this.parts.random.bytes(32)), facts: [] };
    await assignIndex(tx, patientKey, found.row.id);
    return { ...(await this.unwrapped(found.row)), facts: found.facts };
  }

  /** For a search. Nothing is kept of a patient that this institution does not treat. @throws Problem patient.not-searchable */
  async forSearch(identifier: Identifier, reference: string): Promise<Uint8Array> {
    const { database, region, institution } = this.parts;
    if (!region.identifierSystems.includes(identifier.system))
      throw problem('patient.not-searchable', { where: 'identifier.system' });
    const known = await indexOfIdentifier(database, this.keyed(identifier));
    if (known) return (await this.unwrapped(known)).key;
    return this.derivation.derive(identifier, 'search', reference, (body) =>
      this.evaluation.evaluate(institution, body),
    );
  }

  /** A kept key. */
  async unwrapped({ id, identifier, wrapped }: IndexRow): Promise<Omit<PatientIndex, 'facts'>> {
    return {
      id,
      key: await this.parts.keyEncryption.unwrap(wrapped, indexContext(id)),
      searchable: identifier !== null,
    };
  }

  private agreed(identifiers: Identifiers): Identifier | undefined {
    for (const system of this.parts.region.identifierSystems) {
      const value = identifiers.find((one) => one.system === system)?.value;
      if (value) return { system, value };
    }
    return undefined;
  }

  private keyed = ({ system, value }: Identifier): string => this.parts.patientKey(system, value);

  private async derived(
    tx: Tx,
    identifier: Identifier,
    recordId: string,
  ): Promise<{ row: IndexRow; facts: AuditFact[] }> {
    const facts: AuditFact[] = [];
    const own = async (body: EvaluateBody): Promise<Evaluation> => {
      const { evaluation, fact } = await this.evaluation.within(tx, this.parts.institution, body);
      facts.push(fact);
      return evaluation;
    };
    const key = await this.derivation.derive(identifier, 'seal', recordId, own);
    return { row: await this.keep(tx, this.keyed(identifier), key), facts };
  }

  private async keep(tx: Queryable, identifier: string | null, key: Uint8Array): Promise<IndexRow> {
    const { random, keyEncryption, clock } = this.parts;
    const id = random.uuid();
    const row = { id, identifier, wrapped: Buffer.from(await keyEncryption.wrap(key, indexContext(id))) };
    await keepIndex(tx, row, clock.now());
    // another transaction may have been first; read committed shows its row
    return identifier === null ? row : ((await indexOfIdentifier(tx, identifier)) ?? row);
  }
}
