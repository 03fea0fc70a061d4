// Measures the ledger on a Fabric network of its own, and prints one JSON document. Run by `npm run bench -- fabric`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chaincode } from '@medshare/chaincode-region';
import { Cast } from '@medshare/chaincode-region/cast.fixture';
import { loadConfig } from '@medshare/app/config';
import { openKeys } from '@medshare/app/drivers';
import { fabricAccess } from '@medshare/app/run/fabric-access';
import { readRegion, readSigningKey } from '@medshare/app/run/secrets';
import { suite } from '@medshare/crypto';
import type { Ledger } from '@medshare/ledger';
import { openFabricLedger } from '@medshare/ledger/fabric.driver';
import { freshDatabase } from '@medshare/testkit';
import pg from 'pg';
import { organisations } from './fabric/organisations.js';
import { foundOnFabric, type FabricInstitutions } from './fabric-institutions.js';
import { runningRelease, startFabric, type FabricNetwork } from './fabric-network.js';

/** Ticks of a second in /proc (proc(5)). */
const ticks = 100;

interface Place {
  readonly ledger: Ledger;
  readonly url: string;
  readonly network: FabricNetwork;
  readonly founded: FabricInstitutions;
}

const { values } = parseArgs({
  options: {
    /** batches of 500, and single records */
    batches: { type: 'string', default: '20' },
    singles: { type: 'string', default: '200' },
    /** times of submissions one after the other, at each time-out */
    timed: { type: 'string', default: '100' },
    timeouts: { type: 'string', default: '100ms,200ms,500ms,2s' },
  },
});
const cast = new Cast('intl', {}, Date.now());
let made = 0;
const anchors = (count: number) => Array.from({ length: count }, () => cast.anchor(`bench/${process.pid}/${made++}`));
const say = (line: string) => void process.stderr.write(`${line}\n`);

/** A network with the given time-out, the institutions' chaincode served by processes of their own, and harbor's ledger in this one. */
async function on<T>(batchTimeout: string, work: (place: Place) => Promise<T>): Promise<T> {
  const network = await startFabric({ batchTimeout });
  let founded: FabricInstitutions | undefined;
  let ledger: Ledger | undefined;
  const database = await freshDatabase();
  try {
    founded = await foundOnFabric(network.description);
    const config = loadConfig(founded.config('harbor'), {});
    const region = await readRegion(config.data);
    const keys = await openKeys(config);
    const { privateKey } = await readSigningKey(suite(region.suite), config.data, 'ledger', keys);
    const access = fabricAccess(config, region);
    // a busy machine makes it slow, and no less a measure
    const settings = { endorseMs: 60_000 };
    ledger = await openFabricLedger({ institution: 'harbor', region, privateKey, url: database.url, access, settings });
    await anchored(ledger, 1);
    return await work({ ledger, url: database.url, network, founded });
  } finally {
    await ledger?.close();
    await founded?.stop();
    await network.stop();
    await database.drop();
  }
}

const anchored = (ledger: Ledger, count: number) =>
  ledger.submit('anchor', { institution: 'harbor', anchors: anchors(count) });

/** CPU of a process until now, s. */
function cpuOf(pid: number): number {
  const text = readFileSync(join('/proc', String(pid), 'stat'), 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

/** Resident memory of a process now, MB. */
const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(join('/proc', String(pid), 'status'), 'utf8'))?.[1]) / 1000;

/** Process ids by what they are; the Gateway for tests is no part of a network of newer peers, so it stands apart. */
async function parts({ network, founded }: Place): Promise<Record<string, number[]>> {
  const servers = Object.entries(await network.pids());
  const named = (prefix: string) => servers.filter(([name]) => name.startsWith(prefix)).map(([, pid]) => pid);
  return {
    peer: named('fabric-peer'),
    orderer: named('fabric-orderer'),
    'gateway stand-in': named('fabric-gateway'),
    'chaincode server': organisations.map((each) => founded.pid(each)),
    'ledger role': [process.pid],
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

const bytesOf = async (url: string): Promise<number> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const text = 'SELECT coalesce(sum(length("bytes")), 0)::float8 AS n FROM chain."fabric_block"';
  const { rows } = await client.query<{ n: number }>(text);
  await client.end();
  return rows[0]!.n;
};

/** What a way of anchoring takes, all told. */
async function measured(place: Place, count: number, work: () => Promise<unknown>) {
  const found = await parts(place);
  const cpu = () => Object.fromEntries(Object.entries(found).map(([name, pids]) => [name, sum(pids.map(cpuOf))]));
  const [cpuBefore, bytesBefore, began] = [cpu(), await bytesOf(place.url), performance.now()];
  await work();
  const seconds = (performance.now() - began) / 1000;
  const cpuMs = Object.entries(cpu()).map(([name, value]) => [name, ((value - cpuBefore[name]!) * 1000) / count]);
  return {
    count,
    seconds,
    rate: count / seconds,
    cpuMs: Object.fromEntries(cpuMs) as Record<string, number>,
    bytes: ((await bytesOf(place.url)) - bytesBefore) / count,
  };
}

async function timesOf(ledger: Ledger, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const began = performance.now();
    await anchored(ledger, 1);
    times.push(performance.now() - began);
  }
  return times;
}

const [batches, singles, timed] = [Number(values.batches), Number(values.singles), Number(values.timed)];
const times: Record<string, number[]> = {};
const rates = await on('200ms', async (place) => {
  const { ledger } = place;
  await anchored(ledger, 500);
  say('batches');
  const batched = await measured(place, batches * 500, async () => {
    for (let n = 0; n < batches; n += 1) await anchored(ledger, 500);
  });
  say('one transaction a record');
  const single = await measured(place, singles, () =>
    Promise.all(Array.from({ length: singles }, () => anchored(ledger, 1))),
  );
  const memory = Object.entries(await parts(place)).map(([name, pids]) => [name, Math.max(0, ...pids.map(memoryOf))]);
  if (values.timeouts.split(',').includes('200ms')) times['200ms'] = await timesOf(ledger, timed);
  return { batched, single, memory: Object.fromEntries(memory) as Record<string, number> };
});
for (const timeout of values.timeouts.split(',').filter((one) => one !== '200ms')) {
  say(`time-out ${timeout}`);
  times[timeout] = await on(timeout, ({ ledger }) => timesOf(ledger, timed));
}
const ran = { release: runningRelease(), chaincode: chaincode.version };
process.stdout.write(`${JSON.stringify({ ran, ...rates, times })}\n`, () => process.exit(0));
