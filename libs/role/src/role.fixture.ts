import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openIpfsFiles } from '@medshare/blobs/ipfs-files.driver';
import { systemRandom } from '@medshare/clock';
import { frame, signDocument, suite, toBase64url, utf8, type KeyPair, type SuiteName } from '@medshare/crypto';
import { migrate, openDatabase } from '@medshare/database';
import { recordAudit, type AuditEntry, type PeerRoute, type Region, type StaffCertificate } from '@medshare/events';
import { openFileKeys } from '@medshare/keys/file.driver';
import { Inbox, Outbox, outboxMigrations } from '@medshare/outbox';
import type { Peers } from '@medshare/peers';
import { problem } from '@medshare/problems';
import { createMetricsRegistry } from '@medshare/telemetry';
import { freshDatabase, ManualClock, tempDir } from '@medshare/testkit';
import { createAuditTrail } from './audit-trail.js';
import type { RoleContext, RoleName } from './context.js';

export const institutions = ['harbor', 'lakeside', 'summit'] as const;
const uses = ['ledger', 'vault', 'access', 'reader', 'audit'] as const;
type Use = (typeof uses)[number];
type Handler = (caller: string, body: never) => unknown;

const HOUR = 3_600_000;
const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A line that a role wrote to its log. */
export interface Logged {
  level: string;
  fields: Record<string, unknown>;
  text: string;
}

/** A region without processes: keys that follow from names, and routes that answer through their schemas. */
export class TestRoles {
  readonly clock = new ManualClock('2026-03-01T08:00:00Z');
  readonly suite;
  readonly region: Region;
  /** Institutions, or `<institution> <route>`, that do not answer. */
  readonly away = new Set<string>();
  /** What reached the institutions' audit logs by the synchronous route. */
  readonly audited: AuditEntry[] = [];
  readonly logged: Logged[] = [];
  readonly calls: { caller: string; to: string; route: string; body: unknown }[] = [];
  private readonly keys: Map<string, KeyPair>;
  private readonly handlers = new Map<string, Handler>();
  private readonly closers: (() => Promise<unknown>)[] = [];

  constructor(name: SuiteName = 'intl', change: Partial<Region> = {}) {
    this.suite = suite(name);
    this.keys = new Map(institutions.flatMap((id) => uses.map((use) => [`${id}/${use}`, this.pair(`${id}/${use}`)])));
    this.region = { ...this.regionOf(name), ...change };
    for (const id of institutions)
      this.on(id, recordAudit, (_, { entry }) => ({ receipt: this.auditReceipt(id, entry) }));
  }

  private pair(label: string): KeyPair {
    const privateKey = this.suite.hash(utf8(`roles/${label}`));
    return { privateKey, publicKey: this.suite.publicKeyOf(privateKey) };
  }

  key(institution: string, use: Use): KeyPair {
    return this.keys.get(`${institution}/${use}`)!;
  }

  private regionOf(name: SuiteName): Region {
    const keys = (id: string) =>
      Object.fromEntries(
        uses.map((use) => [use, toBase64url(this.key(id, use).publicKey)]),
      ) as Region['members'][number]['keys'];
    return {
      version: 1,
      region: 'east',
      suite: name,
      members: institutions.map((id) => ({ id, name: id, keys: keys(id) })),
      endorsements: 2,
      viewQuorum: 2,
      leaseMs: 5000,
      clockSkewMs: 30_000,
      oprf: { threshold: 2, commitments: [], members: [...institutions] },
      identifierSystems: ['urn:medshare:east:citizen'],
      limits: { anchorsPerBatch: 500, formulaLeaves: 64, requestMs: 90 * 24 * HOUR, certificateMs: 24 * HOUR },
    };
  }

  private auditReceipt(institution: string, entry: AuditEntry) {
    if (!this.audited.some(({ id }) => id === entry.id)) this.audited.push(entry);
    const leaf = toBase64url(this.suite.hash(utf8(entry.id)));
    const body = { version: 1 as const, entryId: entry.id, institution, leaf, time: entry.time };
    return { ...body, signature: this.sign(this.key(institution, 'audit').privateKey, 'audit-receipt', body) };
  }

  sign(privateKey: Uint8Array, type: string, value: unknown): string {
    return signDocument(this.suite, privateKey, type, 1, value);
  }

  /** Who answers a route at an institution from now on. */
  on<Q, S>(institution: string, route: PeerRoute<Q, S>, handler: (caller: string, body: Q) => S | Promise<S>): void {
    this.handlers.set(`${institution} ${route.name}`, handler as Handler);
  }

  /** The peers of one institution: bodies and answers pass through JSON and the route's shapes. */
  peersOf(caller: string): Peers {
    const call = async <Q, S>(route: PeerRoute<Q, S>, to: string, body: Q): Promise<S> => {
      const at = `${to} ${route.name}`;
      if (this.away.has(to) || this.away.has(at)) throw problem('peer.unavailable', { where: to });
      const handler = this.handlers.get(at);
      if (!handler) throw new Error(`nobody answers ${at}`);
      const sent = route.request.parse(JSON.parse(JSON.stringify(body)));
      this.calls.push({ caller, to, route: route.name, body: sent });
      return route.response.parse(JSON.parse(JSON.stringify(await handler(caller, sent as never))));
    };
    return { self: caller, call } as unknown as Peers;
  }

  /** A staff member with a certified key. */
  staff(
    institution: string,
    person: string,
    roles: string[],
    change: Partial<StaffCertificate> = {},
  ): { certificate: StaffCertificate; privateKey: Uint8Array } {
    const { privateKey, publicKey } = this.pair(`${institution}/person/${person}`);
    const body = {
      version: 1 as const,
      institution,
      person,
      roles,
      kind: 'staff' as const,
      publicKey: toBase64url(publicKey),
      suite: this.suite.name,
      notBefore: this.clock.now() - HOUR,
      notAfter: this.clock.now() + 10 * HOUR,
      ...change,
    };
    const issuer = this.key(institution, 'access').privateKey;
    return { certificate: { ...body, signature: this.sign(issuer, 'staff-certificate', body) }, privateKey };
  }

  /** One role of one institution on a database of its own. `migrations` are its folders, beside the outbox's. */
  async open(role: RoleName, institution: string, migrations: string[]): Promise<RoleContext> {
    const [{ url, drop }, files] = [await freshDatabase(), await tempDir()];
    this.closers.push(drop, () => files.remove());
    return this.join(role, institution, migrations, { url, path: files.path });
  }

  /** Another replica of a role, or the same one started again. */
  async join(
    role: RoleName,
    institution: string,
    migrations: string[],
    { url, path }: { url: string; path: string },
  ): Promise<RoleContext> {
    await migrate(url, role, [outboxMigrations, ...migrations]);
    const database = openDatabase({ url, schema: role });
    this.closers.push(() => database.close());
    const [random, outbox, peers] = [systemRandom, new Outbox(), this.peersOf(institution)];
    return {
      role,
      institution,
      region: this.region,
      suite: this.suite,
      clock: this.clock,
      random,
      logger: this.logger() as unknown as RoleContext['logger'],
      metrics: createMetricsRegistry().forRole(role),
      database,
      bus: undefined as never,
      outbox,
      inbox: new Inbox({ database, pause: 1 }),
      blobs: await openIpfsFiles({ path: join(path, 'blobs') }),
      peers,
      keyEncryption: await openFileKeys({ path: join(path, 'kek') }),
      signingKey: this.key(institution, role as Use),
      patientKey: (system, value) =>
        toBase64url(this.suite.hmac(utf8(`patient key of ${institution}`), frame(system, value))),
      transit: undefined as never,
      audit: createAuditTrail({ role, institution, clock: this.clock, random, outbox, peers }),
      policyFiles: policyFiles,
    };
  }

  private logger() {
    const at = (level: string) => (fields: Record<string, unknown>, text: string) =>
      void this.logged.push({ level, fields, text });
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  async close(): Promise<void> {
    for (const close of this.closers.reverse()) await close();
  }
}

/** Text of the repository's policy files below a folder, by relative path. */
function policyFiles(under: string): Record<string, string> {
  const root = join(folder('../../../policies'), under);
  const walk = (path: string): string[] =>
    statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => walk(join(path, name))) : [path];
  return Object.fromEntries(walk(root).map((path) => [relative(root, path), readFileSync(path, 'utf8')]));
}
