import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chaincode, keys } from '@medshare/chaincode-region';
import { Cast } from '@medshare/chaincode-region/cast.fixture';
import type { ChainFinding, Ledger } from '@medshare/ledger';
import { openFabricLedger } from '@medshare/ledger/fabric.driver';
import { eventually, freshDatabase, type FreshDatabase } from '@medshare/testkit';
import pg from 'pg';
import { accessOf, serveOnNetwork, type ServedChaincode } from './fabric-chaincode.js';
import { runningFabric } from './fabric-network.js';
import { describedStack, stateFolder } from './running-stack.js';

const { fabric } = await describedStack();
if (!fabric) throw new Error('no network is up: npm run stack -- up fabric');

describe('tampering with what a ledger on Fabric stands on', () => {
  const cast = new Cast('intl', {}, Date.now());
  const name = `verify-${Date.now().toString(36)}`;
  const key = keys.anchor('harbor', cast.anchor('verify/1').tag);
  let served: ServedChaincode;
  let databases: FreshDatabase[] = [];
  let ledger: Ledger;
  let client: pg.Client;
  let block: number;

  async function open(onFinding: (found: { institution: string; code: string; detail?: string }) => void) {
    const database = await freshDatabase();
    databases = [...databases, database];
    const opened = await openFabricLedger({
      institution: 'harbor',
      region: cast.region,
      privateKey: cast.keys.get('harbor')!.ledger.privateKey,
      url: database.url,
      access: await accessOf(fabric!, 'harbor', name),
      onFinding,
      settings: { endorseMs: 20_000 },
    });
    return { opened, url: database.url };
  }
  const findings = async () => {
    const found: ChainFinding[] = [];
    for await (const one of ledger.verify()) found.push(one);
    return found;
  };

  beforeAll(async () => {
    served = await serveOnNetwork(fabric, { name, region: cast.region, chaincode, bundle: 'dd'.repeat(32) });
    const { opened, url } = await open(() => undefined);
    ledger = opened;
    for (let n = 0; n < 3; n += 1) {
      const anchors = [cast.anchor(`verify/${n}`)];
      const submitted = await ledger.submit('anchor', { institution: 'harbor', anchors });
      if (n === 1) block = submitted.block;
    }
    client = new pg.Client({ connectionString: url, options: '-c search_path=chain' });
    await client.connect();
    for (const table of ['fabric_block', 'fabric_state'])
      await client.query(`CREATE TABLE "kept_${table}" AS SELECT * FROM "${table}"`);
  }, 240_000);
  afterAll(async () => {
    await client?.end();
    await ledger?.close();
    await served?.stop();
    for (const database of databases) await database.drop();
  }, 60_000);

  it('is not found where there is none', async () => expect(await findings()).toEqual([]), 60_000);

  const at = (sql: string) => sql.replaceAll('$block', String(block)).replaceAll('$key', key);
  it.each<[string, string, Partial<ChainFinding>]>([
    [
      'a flipped bit of a block',
      'UPDATE fabric_block SET bytes = set_bit(bytes, 8 * (length(bytes) / 2), 1 - get_bit(bytes, 8 * (length(bytes) / 2))) WHERE number = $block',
      { kind: 'block' },
    ],
    ['a block that is gone', 'DELETE FROM fabric_block WHERE number = $block', { kind: 'chain' }],
    ['another verdict', 'UPDATE fabric_block SET codes[1] = 11 WHERE number = $block', { kind: 'transaction' }],
    [
      'a signature that is not ours',
      'UPDATE fabric_block SET signature = reverse(signature) WHERE number = $block',
      { kind: 'signature' },
    ],
    [
      'another value in the state',
      `UPDATE fabric_state SET value = set_byte(value, 5, 33) WHERE key = '$key'`,
      { kind: 'state' },
    ],
    ['a value that is gone', `DELETE FROM fabric_state WHERE key = '$key'`, { kind: 'state' }],
    [
      'a value that no block wrote',
      `INSERT INTO fabric_state (key, value, block, index) VALUES ('$key-planted', 'x', $block, 0)`,
      { kind: 'state' },
    ],
  ])(
    'is found in the copy, and named: %s',
    async (_, sql, expected) => {
      const { rowCount } = await client.query(at(sql));
      expect(rowCount).toBe(1);
      const found = await findings();
      for (const table of ['fabric_block', 'fabric_state']) {
        await client.query(`DELETE FROM "${table}"`);
        await client.query(`INSERT INTO "${table}" SELECT * FROM "kept_${table}"`);
      }
      expect(found).toContainEqual(expect.objectContaining(expected));
      const places = found.map((one) => one.block ?? one.id);
      expect(places.some((place) => place === block || place === block + 1 || String(place).startsWith(key))).toBe(
        true,
      );
      expect(await findings()).toEqual([]);
    },
    60_000,
  );

  it('is found in the own peer’s file of blocks, by whoever reads it, and what was taken before stays as it was', async () => {
    const network = await runningFabric(stateFolder());
    const { process } = fabric.organisations.harbor.peer;
    const blocks = `fabric/peer-harbor/data/ledgersData/chains/chains/${fabric.channel}/blockfile_000000`;
    const file = join(stateFolder(), blocks);
    await network.end(process);
    const bytes = await readFile(file);
    const tag = Buffer.from(cast.anchor('verify/1').tag);
    const offset = bytes.indexOf(tag);
    expect(offset).toBeGreaterThan(0);
    const flip = async () => {
      bytes[offset] = bytes[offset]! ^ 1;
      await writeFile(file, bytes);
    };
    await flip();
    await network.start(process);
    const found: { institution: string; code: string; detail?: string }[] = [];
    const other = open((one) => void found.push(one)).catch(() => undefined);
    try {
      await eventually(() => found.some(({ code }) => code === 'ledger.tampered'), { timeout: 90_000 });
      expect(found[0]).toMatchObject({
        institution: 'harbor',
        detail: expect.stringContaining(`block ${block}`) as string,
      });
      expect(await findings()).toEqual([]);
    } finally {
      await (await other)?.opened.close();
      await network.end(process);
      await flip();
      await network.start(process);
    }
    // the peer is as it was
    await eventually(
      () =>
        ledger.submit('anchor', { institution: 'harbor', anchors: [cast.anchor('verify/after')] }).then(
          () => true,
          () => false,
        ),
      { timeout: 90_000 },
    );
  }, 400_000);
});
