import { evaluateConsents, type ConsentAnswer, type ConsentQuestion, type ConsentVersion } from '@medshare/consent';
import { openBytes, sealBytes } from '@medshare/crypto';
import type { RoleContext } from '@medshare/role';
import { latestOf, type ConsentRow } from './store/consents.js';

/** Consents that are in force for some patients, opened. */
export interface InForce {
  patients: readonly string[];
  rows: readonly ConsentRow[];
  resources: ReadonlyMap<string, unknown>;
}

type Question = Omit<ConsentQuestion, 'institutions'>;

/** Consents as they are kept: the resource sealed, its key wrapped; and what they say of a question. */
export class KeepConsents {
  constructor(
    private readonly context: Pick<RoleContext, 'suite' | 'keyEncryption' | 'random' | 'database' | 'region'>,
  ) {}

  async seal(consentId: string, version: number, bytes: Uint8Array): Promise<Pick<ConsentRow, 'wrapped' | 'sealed'>> {
    const { suite, keyEncryption, random } = this.context;
    const key = random.bytes(32);
    const sealed = Buffer.from(await sealBytes(suite, sealing(key, consentId, version), bytes));
    const wrapped = Buffer.from(await keyEncryption.wrap(key, contextOf(consentId, version)));
    key.fill(0);
    return { wrapped, sealed };
  }

  async open({ consentId, version, wrapped, sealed }: ConsentRow): Promise<Uint8Array> {
    const { suite, keyEncryption } = this.context;
    const key = await keyEncryption.unwrap(wrapped, contextOf(consentId, version));
    return openBytes(suite, sealing(key, consentId, version), sealed);
  }

  /** What stands now, or stood at an instant, ms. */
  async inForce(patients: readonly string[], at?: number): Promise<InForce> {
    if (patients.length === 0) return { patients, rows: [], resources: new Map() };
    const rows = await latestOf(this.context.database, patients, at);
    const opened = await Promise.all(rows.map(async (row) => [row.commitment, parse(await this.open(row))] as const));
    return { patients, rows, resources: new Map(opened) };
  }

  /** What the patients' consents say together: refused by any, given only by all. */
  answer({ patients, rows, resources }: InForce, question: Question): ConsentAnswer {
    const institutions = new Set(this.context.region.members.map(({ id }) => id));
    const stated = (patient: string) =>
      rows
        .filter((row) => row.patient === patient)
        .map(({ commitment }) => ({ commitment, resource: resources.get(commitment) }));
    const answers = patients.map((patient) => evaluateConsents(stated(patient), { ...question, institutions }));
    const all = new Set(answers.map(({ said }) => said));
    return {
      said: all.has('refused') ? 'refused' : all.size === 1 && all.has('given') ? 'given' : 'unknown',
      rules: [...new Set(answers.flatMap(({ rules }) => rules))].sort().slice(0, 10),
      considered: answers.flatMap(({ considered }) => considered).sort(),
    };
  }
}

const sealing = (key: Uint8Array, record: string, version: number) =>
  ({ key, use: 'consent', record, section: record, epoch: version }) as const;
const contextOf = (consentId: string, version: number): string => `consent/${consentId}/${version}`;
const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** A row as its commitment was made over it. */
export const versionOf = (row: ConsentRow): ConsentVersion => ({
  id: row.consentId,
  version: row.version,
  digest: row.digest,
  salt: row.salt,
  ...(row.previous === null ? {} : { previous: row.previous }),
  recordedAt: row.recordedAt,
  recordedBy: row.recordedBy,
});
