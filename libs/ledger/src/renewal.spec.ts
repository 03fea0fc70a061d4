import { once } from 'node:events';
import { connect } from 'node:tls';
import { chaincode } from '@medshare/chaincode-region';
import { systemClock, systemRandom } from '@medshare/clock';
import { createAuthority, issueCertificate } from '@medshare/peers';
import type { Problem } from '@medshare/problems';
import { eventually } from '@medshare/testkit';
import { serveChaincode, type ChaincodeServer, type ChaincodeTls } from './chaincode-server.driver.js';
import { Renewal } from './renewal.js';

// A chaincode server whose files change one after the other, as an operator's do.

const packageId = `region_1:${'ab'.repeat(32)}`;
const everyMs = 20;
const told: string[] = [];

let first: ChaincodeTls;
let second: ChaincodeTls;
let files: ChaincodeTls | undefined;
let server: ChaincodeServer;
let renewal: Renewal<ChaincodeTls>;
let looks = 0;
/** What an operator does right after a look. */
let then = () => undefined as void;

beforeAll(async () => {
  const base = { institution: 'harbor', validDays: 2, clock: systemClock, random: systemRandom };
  const authority = await createAuthority(base);
  const made = async (): Promise<ChaincodeTls> => {
    const { key, cert } = await issueCertificate(authority, { role: 'ledger', hosts: ['127.0.0.1'], validDays: 1 });
    return { key, cert, clientAuthorities: authority.ca };
  };
  [first, second] = [await made(), await made()];
  server = await serveChaincode({ address: '127.0.0.1:0', chaincode, bundle: 'b', packageId, tls: first });
  files = first;
  const read = () => {
    looks += 1;
    const found = files;
    then();
    if (!found) throw new Error('no such file');
    return found;
  };
  let used = first;
  const take = (found: ChaincodeTls) => {
    server.renew(found);
    used = found;
  };
  const onRenewed = () => void told.push('shown');
  const onTrouble = ({ detail = '' }: Problem) => void told.push(detail);
  renewal = new Renewal({ everyMs, read, used: () => used, take, onRenewed, onTrouble }).start();
}, 30_000);
afterAll(async () => {
  await renewal?.stop();
  await server?.close();
});
beforeEach(() => void (told.length = 0));

/** The certificate that a peer is shown: its DER in base64, as between a PEM's lines. */
async function shown(): Promise<string> {
  const socket = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return raw.toString('base64');
}
const bodyOf = ({ cert }: ChaincodeTls): string => cert.replaceAll(/-----[A-Z ]+-----|\s/g, '');
const looked = async (times: number) => {
  const until = looks + times;
  await eventually(() => looks >= until);
};

it('shows what was there at the start, and says nothing of files that stay', async () => {
  await looked(3);
  expect(await shown()).toBe(bodyOf(first));
  expect(told).toEqual([]);
});

it('tells once of a certificate that is not the key’s, and goes on with the old', async () => {
  files = { ...first, cert: second.cert };
  await looked(5);
  expect(told).toEqual([expect.stringContaining('key')]);
  expect(await shown()).toBe(bodyOf(first));
});

it('tells once of a file that is gone', async () => {
  files = undefined;
  await looked(5);
  expect(told).toHaveLength(1);
});

it('takes up what holds together, and then says so', async () => {
  files = second;
  await eventually(() => told.length > 0);
  await looked(3);
  expect(told).toEqual(['shown']);
  expect(await shown()).toBe(bodyOf(second));
});

it('says nothing of an exchange that ends before the second look', async () => {
  then = () => void (files = first);
  files = { ...second, cert: first.cert };
  await eventually(() => told.length > 0);
  await looked(3);
  expect(told).toEqual(['shown']);
});
