import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chaincode } from '@medshare/chaincode-region';
import { Cast } from '@medshare/chaincode-region/cast.fixture';
import type { Ledger } from '@medshare/ledger';
import { openFabricLedger, type FabricAccess } from '@medshare/ledger/fabric.driver';
import { policyOf } from '@medshare/ledger/fabric-lifecycle.driver';
import { issueCertificate } from '@medshare/peers';
import type { Problem } from '@medshare/problems';
import { eventually, freshDatabase, type FreshDatabase } from '@medshare/testkit';
import pg from 'pg';
import { accessOf, administrate, placeBeside, serveOnNetwork, type ServedChaincode } from './fabric-chaincode.js';
import { openAuthorities } from './fabric/identities.js';
import { withLowS } from './fabric/low-s.js';
import { describedStack, runningStack } from './running-stack.js';

const { fabric } = await describedStack();
if (!fabric) throw new Error('no network is up: npm run stack -- up fabric');

/** The drill of an operator who exchanges files while transactions flow. */
describe('certificates of the ledger role on Fabric, exchanged without a restart', () => {
  const cast = new Cast('intl', {}, Date.now());
  const name = `renewal-${Date.now().toString(36)}`;
  const bundle = 'cd'.repeat(32);
  const troubles: Problem[] = [];
  const refused: unknown[] = [];
  const stop = new AbortController();
  let [renewed, sent] = [0, 0];
  let served: ServedChaincode;
  let database: FreshDatabase;
  let ledger: Ledger;
  let folder: string;
  let sending: Promise<void>;

  const file = (of: string) => join(folder, of);
  const write = async (of: string, text: string) => {
    await writeFile(file(of), text, { mode: 0o600 });
    await chmod(file(of), 0o600);
  };
  const read = (given: FabricAccess): FabricAccess => ({
    ...given,
    cert: readFileSync(file('client.pem'), 'utf8'),
    key: readFileSync(file('client.key'), 'utf8'),
    tls: { authorities: readFileSync(file('tls-authority.pem'), 'utf8') },
  });
  /** A pair as the organisation's authority issues it to a client. */
  async function issued() {
    const { identities } = await openAuthorities(await runningStack(), 'harbor');
    return withLowS(
      () => issueCertificate(identities, { role: 'client', hosts: ['localhost'], validDays: 30 }),
      ({ cert }) => cert,
    );
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medshare-renewal-'));
    served = await serveOnNetwork(fabric, { name, region: cast.region, chaincode, bundle });
    database = await freshDatabase();
    const given = await accessOf(fabric, 'harbor', name);
    await write('client.pem', given.cert);
    await write('client.key', given.key);
    await write('tls-authority.pem', given.tls.authorities!);
    ledger = await openFabricLedger({
      institution: 'harbor',
      region: cast.region,
      privateKey: cast.keys.get('harbor')!.ledger.privateKey,
      url: database.url,
      access: read(given),
      readAccess: () => read(given),
      onRenewed: () => void (renewed += 1),
      onTrouble: (found) => void troubles.push(found),
      settings: { renewMs: 300 },
    });
    sending = (async () => {
      for (; !stop.signal.aborted; sent += 1)
        await ledger
          .submit('anchor', { institution: 'harbor', anchors: [cast.anchor(`renewal/${sent}`)] })
          .catch((caught: unknown) => refused.push(caught));
    })();
    await eventually(() => sent >= 2, { timeout: 60_000 });
  }, 180_000);
  afterAll(async () => {
    stop.abort();
    await sending;
    await ledger?.close();
    await served?.stop();
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** Whether a later block of the copy holds what this certificate proposed. */
  async function signsBlocks(certificate: string): Promise<boolean> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      const { rows } = await client.query<{ bytes: Buffer }>(
        'SELECT "bytes" FROM chain."fabric_block" ORDER BY "number" DESC LIMIT 1',
      );
      return rows[0]?.bytes.includes(certificate.trim()) ?? false;
    } finally {
      await client.end();
    }
  }

  it('takes up a client certificate while it sends, and refuses nothing', async () => {
    const { cert, key } = await issued();
    await write('client.pem', cert);
    await write('client.key', key);
    await eventually(() => signsBlocks(cert), { timeout: 90_000, interval: 300 });
    expect(renewed).toBeGreaterThanOrEqual(1);
    const before = sent;
    await eventually(() => sent >= before + 3, { timeout: 60_000 });
    expect(refused).toEqual([]);
  }, 180_000);

  it('goes on with the old one where the key is another’s, and names it once', async () => {
    const [before, wrong] = [sent, await issued()];
    const old = await readFile(file('client.key'), 'utf8');
    await write('client.key', wrong.key);
    await eventually(() => troubles.some(({ where }) => where === 'fabric.key'), { timeout: 60_000 });
    await sleep(1500);
    expect(troubles.filter(({ where }) => where === 'fabric.key')).toHaveLength(1);
    await eventually(() => sent >= before + 3, { timeout: 60_000 });
    await write('client.key', old);
    expect(refused).toEqual([]);
  }, 150_000);

  it('takes up another authority of the peer’s TLS beside the old', async () => {
    const before = renewed;
    const { client } = fabric.organisations.lakeside;
    const other = join(dirname(client.certificate), '..', '..', '..', 'msp', 'tlscacerts', 'authority.pem');
    const old = await readFile(file('tls-authority.pem'), 'utf8');
    await write('tls-authority.pem', `${old}\n${await readFile(other, 'utf8')}`);
    await eventually(() => renewed > before, { timeout: 60_000 });
    const since = sent;
    await eventually(() => sent >= since + 3, { timeout: 60_000 });
    // authorities that did not issue the peer's certificate would cut the line
    await write('tls-authority.pem', await readFile(other, 'utf8'));
    await eventually(() => troubles.some(({ where }) => where === 'fabric.tls.authorities'), { timeout: 60_000 });
    expect(refused).toEqual([]);
    await write('tls-authority.pem', old);
  }, 180_000);

  it('asks another server as soon as its organisation alone approves another package of what is in effect', async () => {
    const beside = await placeBeside(fabric, 'harbor', name, { chaincode, bundle });
    try {
      const definition = { name, version: chaincode.version, sequence: 1, policy: policyOf(cast.region) };
      await administrate(fabric, 'harbor', name, (lifecycle) => lifecycle.approve(definition, beside.packageId));
      await served.servers.get('harbor')?.close();
      await eventually(async () => (await ledger.reachability()).away.length === 0, { timeout: 60_000 });
      const since = sent;
      await eventually(() => sent >= since + 3, { timeout: 60_000 });
      expect(refused).toEqual([]);
    } finally {
      await beside.close();
    }
  }, 180_000);
});
