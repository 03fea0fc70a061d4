import { documentHash, signDocument, suite, toBase64url, utf8, type KeyPair, type SuiteName } from '@medshare/crypto';
import type {
  Anchor,
  Approval,
  Checkpoint,
  EmergencyApproval,
  EmergencyRelease,
  MemberKeys,
  Region,
  Request,
  Revocation,
  StaffCertificate,
} from '@medshare/events/chain';

/** The demo region with real keys, and documents signed by its people; for tests of the chaincode and of ledgers. */
export const institutions = ['harbor', 'lakeside', 'summit'] as const;
export type Institution = (typeof institutions)[number];
type Use = keyof MemberKeys;

export const start = 1_780_000_000_000;
const hour = 3_600_000;

export interface Person {
  readonly certificate: StaffCertificate;
  readonly privateKey: Uint8Array;
}

export class Cast {
  readonly suite;
  readonly region: Region;
  readonly keys: ReadonlyMap<string, Readonly<Record<Use, KeyPair>>>;

  /** @param now the instant around which its documents are valid, ms since the epoch */
  constructor(
    name: SuiteName = 'intl',
    change: Partial<Region> = {},
    readonly now: number = start,
  ) {
    this.suite = suite(name);
    this.keys = new Map(institutions.map((id) => [id, this.#memberKeys(id)]));
    const publicOf = (id: string, use: Use) => toBase64url(this.keys.get(id)![use].publicKey);
    const members = institutions.map((id) => ({
      id,
      name: id,
      keys: {
        ledger: publicOf(id, 'ledger'),
        vault: publicOf(id, 'vault'),
        access: publicOf(id, 'access'),
        reader: publicOf(id, 'reader'),
        audit: publicOf(id, 'audit'),
      },
    }));
    this.region = {
      version: 1,
      region: 'east',
      suite: name,
      members,
      endorsements: 2,
      viewQuorum: 2,
      leaseMs: 5000,
      clockSkewMs: 30_000,
      oprf: { threshold: 2, commitments: [], members: [...institutions] },
      identifierSystems: ['urn:oid:2.16.840.1.113883.2.1'],
      limits: { anchorsPerBatch: 500, formulaLeaves: 64, requestMs: 24 * hour, certificateMs: 24 * hour },
      ...change,
    };
  }

  /** Keys follow from names, so that two processes of a test have the same region. */
  #pair(label: string): KeyPair {
    const privateKey = this.suite.hash(utf8(`cast/${label}`));
    return { privateKey, publicKey: this.suite.publicKeyOf(privateKey) };
  }

  #memberKeys(id: string) {
    const pair = (use: Use) => this.#pair(`${id}/${use}`);
    return {
      ledger: pair('ledger'),
      vault: pair('vault'),
      access: pair('access'),
      reader: pair('reader'),
      audit: pair('audit'),
    };
  }

  hashOf(type: string, value: unknown): string {
    return documentHash(this.suite, type, 1, value);
  }

  /** A certified person, or service, of an institution. */
  person(institution: Institution, person: string, roles: string[], change: Partial<StaffCertificate> = {}): Person {
    const { privateKey, publicKey } = this.#pair(`${institution}/person/${person}`);
    const content = {
      version: 1 as const,
      institution,
      person,
      roles,
      kind: 'staff' as const,
      publicKey: toBase64url(publicKey),
      suite: this.suite.name,
      notBefore: this.now - hour,
      notAfter: this.now + 20 * hour,
      ...change,
    };
    const access = this.keys.get(institution)!.access.privateKey;
    return { certificate: { ...content, signature: this.sign(access, 'staff-certificate', content) }, privateKey };
  }

  sign(privateKey: Uint8Array, type: string, value: unknown): string {
    return signDocument(this.suite, privateKey, type, 1, value);
  }

  /** A request of `by` for what `owner` keeps under `formula`. */
  request(by: Person, owner: Institution, formula: unknown, change: Partial<Request> = {}, deal = 'deal'): Request {
    const { institution } = by.certificate;
    const ask = {
      version: 1 as const,
      askId: '6f1f9e6c-0f64-4a52-9d3d-0a2f5c9b7e11',
      institution,
      readerKey: this.region.members[0]!.keys.reader,
      purpose: 'TREAT',
      expiresAt: this.now + 10 * hour,
      nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
    };
    const dealCommitment = this.hashOf('deal-commitment', deal);
    return {
      version: 1,
      id: this.hashOf('request-id', { askId: ask.askId, dealCommitment }),
      institution: owner,
      requester: { institution, certificate: by.certificate },
      ask,
      askSignature: this.sign(by.privateKey, 'ask', ask),
      dealCommitment,
      formula: formula as Request['formula'],
      issuedAt: this.now,
      expiresAt: this.now + 10 * hour,
      ...change,
    };
  }

  approval(by: Person, request: Request, leaf: string): Approval {
    const content = { requestId: request.id, requestHash: this.hashOf('request', request), leaf };
    const signature = this.sign(by.privateKey, 'approval', content);
    return { version: 1, requestId: request.id, leaf, certificate: by.certificate, signature };
  }

  /** An emergency of `by`, asked with a reason that the documents only hash; four hours unless changed. */
  emergency(by: Person, owner: Institution, formula: unknown, change: Partial<Request> = {}, deal = 'deal'): Request {
    const expiresAt = this.now + 4 * hour;
    const asked = { ...this.request(by, owner, formula, { expiresAt }, deal) };
    const ask = {
      ...asked.ask,
      purpose: 'ETREAT',
      expiresAt,
      emergency: { reason: this.hashOf('emergency-reason', { code: 'unconscious', text: '', salt: 'salt' }) },
    };
    return { ...asked, ask, askSignature: this.sign(by.privateKey, 'ask', ask), ...change };
  }

  /** An approval given while the chain is away. */
  awayApproval(by: Person, request: Request, leaf: string, approvedAt = this.now): EmergencyApproval {
    const requestHash = this.hashOf('request', request);
    const content = { requestId: request.id, requestHash, leaf, approvedAt };
    const signature = this.sign(by.privateKey, 'emergency-approval', content);
    return { version: 1, requestId: request.id, leaf, certificate: by.certificate, approvedAt, signature };
  }

  /** A custodian's statement of what it released while the chain is away. */
  awayRelease(request: Request, leaf: string, change: Partial<EmergencyRelease> = {}): EmergencyRelease {
    const institution = leaf.slice(leaf.indexOf('@') + 1);
    const content = {
      requestId: request.id,
      leaf,
      institution,
      releasedAt: this.now,
      capsules: 2,
      entry: this.digest('entry'),
      ...change,
    };
    const signed = { ...content, requestHash: this.hashOf('request', request) };
    const key = this.keys.get(institution)!.vault.privateKey;
    return { version: 1, ...content, signature: this.sign(key, 'emergency-release', signed), ...change };
  }

  revocation(by: Person, request: Request, reason: Revocation['reason'] = 'no-longer-needed'): Revocation {
    const content = { requestId: request.id, requestHash: this.hashOf('request', request), reason };
    const signature = this.sign(by.privateKey, 'revocation', content);
    return { version: 1, requestId: request.id, certificate: by.certificate, reason, signature };
  }

  checkpoint(institution: Institution, size: number, root: string): Checkpoint {
    const content = { institution, size, root: this.digest(root) };
    const signature = this.sign(this.keys.get(institution)!.audit.privateKey, 'checkpoint', content);
    return { version: 1, ...content, signature };
  }

  anchor(tag: string, content = 'content'): Anchor {
    const root = this.digest(content);
    const manifest = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
    return {
      version: 1,
      kind: 'record',
      suite: this.suite.name,
      tag: this.digest(tag),
      recordRoot: root,
      sealRoot: root,
      manifest,
    };
  }

  digest(text: string): string {
    return toBase64url(this.suite.hash(utf8(text)));
  }
}
