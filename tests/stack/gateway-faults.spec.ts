import { status as codes } from '@grpc/grpc-js';
import { EndorseError, GatewayError, StatusCode } from '@hyperledger/fabric-gateway';
import { createServer } from 'node:net';
import { rename } from 'node:fs/promises';
import { eventually } from '@medshare/testkit';
import { materialOf } from './fabric/identities.js';
import { organisations, portsOf } from './fabric/organisations.js';
import { runningRelease } from './fabric-network.js';
import { chaincode, startWords, type Words, type WordsNetwork } from './words-network.js';

// What clients see while servers of the network are away, and after. The rows are in gateway/README.md; the same runs against a real Gateway.

const minutes = 60_000;
const patience = { timeout: 90_000, interval: 500 };
let on: WordsNetwork;
let harbor: Words;

beforeAll(async () => {
  on = await startWords();
  harbor = await on.connect('harbor');
  await eventually(async () => {
    const everybody = { arguments: ['ready', 'yes'], endorsingOrganizations: [...organisations] };
    return (await attempt(harbor.contract.submit('put', everybody))) === undefined;
  }, patience);
}, 5 * minutes);
afterAll(async () => {
  harbor?.close();
  await on?.stop();
}, 2 * minutes);

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
/** @returns the error, or undefined where there was none */
const attempt = (made: Promise<unknown>): Promise<GatewayError | undefined> =>
  made.then(
    () => undefined,
    (caught: unknown) => caught as GatewayError,
  );
const peerOf = (organisation: (typeof organisations)[number]) => on.description.organisations[organisation].peer;
/** An orderer that dies may lose what it has acknowledged: nobody waits long for it, but hands in something again. */
const works = () =>
  eventually(async () => {
    const commit = await harbor.contract.submitAsync('put', { arguments: ['works', 'yes'] });
    return (await commit.getStatus({ deadline: Date.now() + 5_000 })).successful;
  }, patience);

describe(`through ${runningRelease()}`, () => {
  it(
    'endorses without another organisation’s peer where the policy allows it, and names it where it does not',
    async () => {
      const { process, address } = peerOf('summit');
      await on.kill(process);
      const named = await attempt(
        harbor.contract.submit('put', { arguments: ['s', '1'], endorsingOrganizations: ['harbor', 'summit'] }),
      );
      expect(named).toBeInstanceOf(EndorseError);
      expect(named).toMatchObject({ code: codes.ABORTED, details: [{ mspId: 'summit', address }] });
      expect(await attempt(harbor.contract.submitTransaction('put', 's', '2'))).toBeUndefined();
      await on.start(process);
      await eventually(async () => {
        const again = harbor.contract.submit('put', {
          arguments: ['s', '3'],
          endorsingOrganizations: ['harbor', 'summit'],
        });
        return (await attempt(again)) === undefined;
      }, patience);
      const summit = await on.connect('summit');
      await eventually(async () => text(await summit.contract.evaluateTransaction('get', 's')) === '3', patience);
      summit.close();
    },
    4 * minutes,
  );

  it(
    'says that the chaincode server is gone',
    async () => {
      on.chaincodes.get('harbor')?.close();
      const caught = await attempt(harbor.contract.submitTransaction('put', 'c', '1'));
      expect(caught).toBeInstanceOf(EndorseError);
      expect(caught).toMatchObject({
        code: codes.ABORTED,
        details: [{ mspId: 'harbor', address: peerOf('harbor').address }],
      });
      await on.serve('harbor');
      await works();
    },
    3 * minutes,
  );

  it(
    'is away with its peer, ends its streams, and is back with it',
    async () => {
      const { process } = peerOf('harbor');
      const endorsed = await harbor.contract.newProposal('put', { arguments: ['p', 'kept'] }).endorse();
      const status = await (await endorsed.submit()).getStatus();
      const startBlock = status.blockNumber + 1n;
      const events = await harbor.network.getChaincodeEvents(chaincode, { startBlock });
      const blocks = await harbor.network.getBlockEvents({ startBlock });
      const ended = [events, blocks].map((stream) => attempt(stream[Symbol.asyncIterator]().next()));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await on.kill(process);
      for (const each of await Promise.all(ended)) expect(each).toMatchObject({ code: codes.UNAVAILABLE });
      expect(await attempt(harbor.contract.evaluateTransaction('get', 'p'))).toMatchObject({ code: codes.UNAVAILABLE });
      expect(await attempt(harbor.contract.submitTransaction('put', 'p', 'x'))).toMatchObject({
        code: codes.UNAVAILABLE,
      });
      expect(await attempt(endorsed.submit())).toMatchObject({ code: codes.UNAVAILABLE });
      await on.start(process);
      await works();
      expect(text(await harbor.contract.evaluateTransaction('get', 'p'))).toBe('kept');
    },
    4 * minutes,
  );

  it(
    'goes on without the orderer that leads',
    async () => {
      const leader = await on.leader();
      expect(organisations).toContain(leader);
      const process = `fabric-orderer-${leader}`;
      await on.kill(process);
      await works();
      expect(await on.leader()).not.toBe(leader);
      await on.start(process);
    },
    4 * minutes,
  );

  it(
    'refuses while no orderer is there, and takes the same signed transaction after',
    async () => {
      const processes = on.description.orderers.map((each) => each.process);
      const endorsed = await harbor.contract.newProposal('put', { arguments: ['o', 'later'] }).endorse();
      await Promise.all(processes.map((each) => on.kill(each)));
      const caught = await attempt(endorsed.submit());
      expect(caught?.name).toBe('SubmitError');
      expect(caught?.code).toBe(codes.UNAVAILABLE);
      expect(caught?.message).toContain('no orderers could successfully process transaction');
      expect(caught?.details.map(({ mspId }) => mspId).sort()).toEqual([...organisations]);
      // what is committed can be read meanwhile
      expect(text(await harbor.contract.evaluateTransaction('get', 'works'))).toBe('yes');
      await Promise.all(processes.map((each) => on.start(each)));
      await eventually(async () => {
        const submitted = await endorsed.submit().catch(() => undefined);
        if (!submitted) return false;
        const judged = await submitted.getStatus({ deadline: Date.now() + 20_000 }).catch(() => undefined);
        if (judged) expect(judged.code).toBe(StatusCode.VALID);
        return judged !== undefined;
      }, patience);
    },
    5 * minutes,
  );

  it(
    'keeps everything over an end of the whole network',
    async () => {
      await harbor.contract.submitTransaction('put', 'night', 'over');
      const orderers = on.description.orderers.map((each) => each.process);
      const peers = organisations.map((each) => peerOf(each).process);
      await Promise.all([...orderers, ...peers].map((each) => on.end(each)));
      await Promise.all(orderers.map((each) => on.start(each)));
      await Promise.all(peers.map((each) => on.start(each)));
      await works();
      expect(text(await harbor.contract.evaluateTransaction('get', 'night'))).toBe('over');
    },
    5 * minutes,
  );

  it(
    'says why a server does not start: a port that is taken, the complaint in its log',
    async () => {
      const { process } = peerOf('summit');
      await on.end(process);
      const port = portsOf(on.stack, 'summit').peer.operations;
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
      await expect(on.start(process)).rejects.toThrow(`${process} did not start: port ${port} (operations) is in use`);
      await new Promise((resolve) => other.close(resolve));
      const { certificate } = materialOf(on.stack, 'summit').tls('peer');
      await rename(certificate, `${certificate}.away`);
      await expect(on.start(process)).rejects.toThrow(/did not start: it ended\. From .*\n[^]*peer\.pem: no such file/);
      await rename(`${certificate}.away`, certificate);
      await on.start(process);
    },
    3 * minutes,
  );
});
