import { status as codes } from '@grpc/grpc-js';
import {
  checkpointers,
  CommitStatusError,
  EndorseError,
  GatewayError,
  hash,
  StatusCode,
  type ChaincodeEvent,
  type CloseableAsyncIterable,
  type Transaction,
} from '@hyperledger/fabric-gateway';
import { common, gateway as messages, msp, peer } from '@hyperledger/fabric-protos';
import { isModern, runningRelease } from './fabric-network.js';
import { chaincode, startWords, type Words, type WordsNetwork } from './words-network.js';

// What the ledger's driver relies on, each with its row in gateway/README.md. The same runs against a real Gateway: MEDSHARE_FABRIC_BIN=<folder>.

let on: WordsNetwork;
let harbor: Words;
let lakeside: Words;

beforeAll(async () => {
  on = await startWords();
  harbor = await on.connect('harbor');
  lakeside = await on.connect('lakeside');
  await untilDiscovered();
}, 300_000);
afterAll(async () => {
  for (const each of [harbor, lakeside]) each?.close();
  await on?.stop();
}, 120_000);

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
/** Peers tell each other of a new chaincode within seconds. */
async function untilDiscovered(): Promise<void> {
  for (const until = Date.now() + 60_000; ;)
    try {
      for (const each of [harbor, lakeside])
        await each.contract.submit('put', {
          arguments: ['ready', 'yes'],
          endorsingOrganizations: ['harbor', 'lakeside', 'summit'],
        });
      return;
    } catch (caught) {
      if (Date.now() > until) throw caught;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
}
const caughtOf = async (attempt: Promise<unknown>): Promise<GatewayError> => {
  const caught: unknown = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(caught).toBeInstanceOf(GatewayError);
  return caught as GatewayError;
};
const next = async <T>(stream: CloseableAsyncIterable<T>, count: number): Promise<T[]> => {
  const taken: T[] = [];
  for await (const each of stream) if (taken.push(each) >= count) break;
  stream.close();
  return taken;
};
const endorsersOf = (transaction: Transaction): string[] => {
  const prepared = messages.PreparedTransaction.deserializeBinary(transaction.getBytes());
  const payload = common.Payload.deserializeBinary(prepared.getEnvelope()?.getPayload_asU8() ?? new Uint8Array());
  const [action] = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
  const endorsed = peer.ChaincodeActionPayload.deserializeBinary(action?.getPayload_asU8() ?? new Uint8Array());
  const endorsements = endorsed.getAction()?.getEndorsementsList() ?? [];
  return endorsements.map((each) => msp.SerializedIdentity.deserializeBinary(each.getEndorser_asU8()).getMspid());
};

describe(`through ${runningRelease()}`, () => {
  describe('transactions', () => {
    it('submits: what one organisation writes another reads', async () => {
      expect(text(await harbor.contract.submitTransaction('put', 'a', 'one'))).toBe('one');
      const commit = await harbor.contract.submitAsync('put', { arguments: ['a', 'two'] });
      const status = await commit.getStatus();
      expect(status).toMatchObject({
        successful: true,
        code: StatusCode.VALID,
        transactionId: commit.getTransactionId(),
      });
      expect(status.blockNumber > 0n).toBe(true);
      expect(text(await harbor.contract.evaluateTransaction('get', 'a'))).toBe('two');
    });

    it('evaluates at the organisations that are named', async () => {
      await harbor.contract.submitTransaction('put', 'target', 'x');
      const seen = await harbor.contract.evaluate('differ', { arguments: ['k'], endorsingOrganizations: ['summit'] });
      expect(text(seen)).toBe('summit');
      expect(text(await harbor.contract.evaluateTransaction('differ', 'k'))).toBe('harbor');
    });

    it('evaluates system chaincode', async () => {
      const bytes = await harbor.network.getContract('qscc').evaluateTransaction('GetChainInfo', 'east');
      expect(common.BlockchainInfo.deserializeBinary(bytes).getHeight()).toBeGreaterThan(4);
    });

    it('lets everything be signed elsewhere, step by step', async () => {
      const signed = (digest: Uint8Array) => harbor.sign(digest);
      const { gateway } = harbor;
      const proposal = harbor.contract.newProposal('put', { arguments: ['offline', '1'] });
      const proposed = gateway.newSignedProposal(proposal.getBytes(), await signed(proposal.getDigest()));
      const endorsed = await proposed.endorse();
      const transaction = gateway.newSignedTransaction(endorsed.getBytes(), await signed(endorsed.getDigest()));
      const submitted = await transaction.submit();
      const commit = gateway.newSignedCommit(submitted.getBytes(), await signed(submitted.getDigest()));
      expect(await commit.getStatus()).toMatchObject({ code: StatusCode.VALID });
      expect(text(transaction.getResult())).toBe('1');
    });

    it('gathers as many endorsements as the policy wants, its own organisation’s first', async () => {
      const transaction = await harbor.contract.newProposal('put', { arguments: ['policy', '1'] }).endorse();
      const endorsers = endorsersOf(transaction);
      expect(endorsers).toHaveLength(2);
      expect(endorsers).toContain('harbor');
    });

    it('gathers those of the organisations that are named, and no others', async () => {
      const three = ['harbor', 'lakeside', 'summit'];
      const all = await harbor.contract
        .newProposal('put', { arguments: ['named', '1'], endorsingOrganizations: three })
        .endorse();
      expect(endorsersOf(all).sort()).toEqual(three);
      const one = await harbor.contract
        .newProposal('put', { arguments: ['named', '2'], endorsingOrganizations: ['summit'] })
        .endorse();
      expect(endorsersOf(one)).toEqual(['summit']);
    });

    it('commits too few endorsements as invalid', async () => {
      const commit = await harbor.contract.submitAsync('put', {
        arguments: ['few', '1'],
        endorsingOrganizations: ['harbor'],
      });
      expect(await commit.getStatus()).toMatchObject({
        successful: false,
        code: StatusCode.ENDORSEMENT_POLICY_FAILURE,
      });
      expect(text(await harbor.contract.evaluateTransaction('get', 'few'))).toBe('');
    });

    it('commits of two that conflict the first', async () => {
      await harbor.contract.submitTransaction('put', 'count', '0');
      const endorsed = await Promise.all(
        Array.from({ length: 3 }, () => harbor.contract.newProposal('bump', { arguments: ['count'] }).endorse()),
      );
      const commits = await Promise.all(endorsed.map((each) => each.submit()));
      const statuses = await Promise.all(commits.map((each) => each.getStatus()));
      expect(statuses.map(({ code }) => code).sort()).toEqual([
        StatusCode.VALID,
        StatusCode.MVCC_READ_CONFLICT,
        StatusCode.MVCC_READ_CONFLICT,
      ]);
    });

    it('gives transient data to the chaincode and not to the block', async () => {
      const options = { transientData: { secret: 'whispered' } };
      expect(text(await harbor.contract.evaluate('transient', options))).toBe('whispered');
      const transaction = await harbor.contract.newProposal('put', { arguments: ['t', '1'], ...options }).endorse();
      expect(text(transaction.getBytes())).not.toContain('whispered');
    });

    it('takes a signed transaction again, and its first verdict stands', async () => {
      const transaction = await harbor.contract.newProposal('put', { arguments: ['again', '1'] }).endorse();
      const first = await (await transaction.submit()).getStatus();
      const again = await (await transaction.submit()).getStatus();
      expect(first.code).toBe(StatusCode.VALID);
      expect(again).toMatchObject({ code: StatusCode.VALID, blockNumber: first.blockNumber });
      // another organisation's Gateway has it from the ledger
      const elsewhere = lakeside.gateway.newSignedTransaction(
        transaction.getBytes(),
        await harbor.sign(transaction.getDigest()),
      );
      const { blockNumber } = await (await elsewhere.submit()).getStatus();
      expect(blockNumber).toBe(first.blockNumber);
    });
  });

  describe('refusals', () => {
    it('says what the chaincode says', async () => {
      const evaluated = await caughtOf(harbor.contract.evaluateTransaction('fail'));
      const address = on.description.organisations.harbor.peer.address;
      const detail = { address, mspId: 'harbor', message: 'chaincode response 500, refused by the chaincode' };
      expect(evaluated).toMatchObject({ code: codes.UNKNOWN, details: [detail] });
      expect(evaluated.message).toContain(
        'evaluate call to endorser returned error: chaincode response 500, refused by the chaincode',
      );
      const submitted = await caughtOf(harbor.contract.submitTransaction('fail'));
      expect(submitted).toBeInstanceOf(EndorseError);
      expect(submitted).toMatchObject({ code: codes.ABORTED, details: [detail] });
      expect(submitted.message).toContain('failed to endorse transaction, see attached details for more info');
    });

    it('endorses nothing when results differ', async () => {
      const caught = await caughtOf(harbor.contract.submitTransaction('differ', 'k'));
      expect(caught).toBeInstanceOf(EndorseError);
      expect(caught.code).toBe(codes.ABORTED);
      expect(caught.message).toContain(
        'failed to collect enough transaction endorsements, see attached details for more info',
      );
      expect(caught.details.length).toBeGreaterThan(0);
      for (const { message, mspId } of caught.details) {
        expect(message).toBe('ProposalResponsePayloads do not match');
        expect(mspId).not.toBe('harbor');
      }
    });

    it('names a chaincode, a channel, an organisation that is not there', async () => {
      const nowhere = harbor.network.getContract('nowhere');
      expect((await caughtOf(nowhere.evaluateTransaction('get', 'a'))).code).toBe(codes.FAILED_PRECONDITION);
      expect((await caughtOf(nowhere.submitTransaction('get', 'a'))).code).toBe(codes.FAILED_PRECONDITION);
      const other = harbor.gateway.getNetwork('west').getContract(chaincode);
      expect((await caughtOf(other.evaluateTransaction('get', 'a'))).code).toBe(codes.UNAVAILABLE);
      expect((await caughtOf(other.submitTransaction('get', 'a'))).code).toBe(codes.FAILED_PRECONDITION);
      const named = harbor.contract.submit('put', {
        arguments: ['a', '1'],
        endorsingOrganizations: ['harbor', 'nobody'],
      });
      const caught = await caughtOf(named);
      expect(caught.code).toBe(codes.UNAVAILABLE);
      expect(caught.message).toContain('failed to find any endorsing peers for org(s): nobody');
    });

    it('takes nothing that somebody else signed', async () => {
      const forged = await on.connect('harbor', { key: on.description.organisations.lakeside.client.key });
      try {
        const evaluated = await caughtOf(forged.contract.evaluateTransaction('get', 'a'));
        expect(evaluated.code).toBe(codes.FAILED_PRECONDITION);
        expect((await caughtOf(forged.contract.submitTransaction('put', 'a', 'x'))).code).toBe(codes.ABORTED);
        const endorsed = await harbor.contract.newProposal('put', { arguments: ['a', 'x'] }).endorse();
        const signature = await forged.sign(endorsed.getDigest());
        const submitted = await caughtOf(harbor.gateway.newSignedTransaction(endorsed.getBytes(), signature).submit());
        expect(submitted.name).toBe('SubmitError');
        expect(submitted.code).toBe(codes.ABORTED);
        expect(submitted.message).toContain('received unsuccessful response from orderer: status=FORBIDDEN');
        const commit = await endorsed.submit();
        const asked = harbor.gateway.newSignedCommit(commit.getBytes(), await forged.sign(commit.getDigest()));
        const refused = await caughtOf(asked.getStatus());
        expect(refused).toBeInstanceOf(CommitStatusError);
        expect(refused.code).toBe(codes.PERMISSION_DENIED);
        const stream = await forged.network.getChaincodeEvents(chaincode);
        expect((await caughtOf(next(stream, 1))).code).toBe(codes.PERMISSION_DENIED);
        await expect(next(await forged.network.getBlockEvents(), 1)).rejects.toThrow('403');
        await expect(next(await forged.network.getBlockEvents({ startBlock: 0n }), 1)).rejects.toThrow('403');
      } finally {
        forged.close();
      }
    });

    it('waits for a transaction until the client’s deadline', async () => {
      const endorsed = await harbor.contract.newProposal('put', { arguments: ['never', '1'] }).endorse();
      const late = await caughtOf(unsubmitted(endorsed));
      expect(late).toBeInstanceOf(CommitStatusError);
      expect(late.code).toBe(codes.DEADLINE_EXCEEDED);
    });

    it('refuses and says what a release before 2.5 lacks', async () => {
      const caught = await caughtOf(harbor.contract.evaluateTransaction('purge', 'collection'));
      if (!isModern()) expect(caught.details[0]?.message).toContain('PURGE_PRIVATE_DATA');
      else expect(caught.details[0]?.message).toContain('collection');
    });
  });

  describe('events', () => {
    it('streams a chaincode’s events from a block on, only those of valid transactions', async () => {
      const first = await (await harbor.contract.submitAsync('put', { arguments: ['e', 'e1'] })).getStatus();
      const invalid = await harbor.contract.submitAsync('put', {
        arguments: ['e', 'not valid'],
        endorsingOrganizations: ['harbor'],
      });
      await invalid.getStatus();
      await harbor.contract.submitTransaction('put', 'e', 'e2');
      const stream = await harbor.network.getChaincodeEvents(chaincode, { startBlock: first.blockNumber });
      const events = await next(stream, 2);
      expect(events.map(({ payload }) => text(payload))).toEqual(['e1', 'e2']);
      expect(events[0]).toMatchObject({
        blockNumber: first.blockNumber,
        transactionId: first.transactionId,
        eventName: 'put',
        chaincodeName: chaincode,
      });
    });

    it('goes on after a checkpoint, none twice and none left out', async () => {
      const checkpointer = checkpointers.inMemory();
      const begun = await (await harbor.contract.submitAsync('put', { arguments: ['c', 'c0'] })).getStatus();
      // several in one block
      const written = Promise.all(
        ['c1', 'c2', 'c3'].map((value) => harbor.contract.submitTransaction('put', value, value)),
      );
      await written;
      const seen: string[] = [];
      for (let round = 0; round < 4; round += 1) {
        const stream = await harbor.network.getChaincodeEvents(chaincode, {
          checkpoint: checkpointer,
          startBlock: begun.blockNumber,
        });
        const [event] = (await next(stream, 1)) as [ChaincodeEvent];
        seen.push(text(event.payload));
        await checkpointer.checkpointChaincodeEvent(event);
      }
      expect([...seen].sort()).toEqual(['c0', 'c1', 'c2', 'c3']);
    });

    it('begins with the next commit where nothing else is asked', async () => {
      const [events, blocks] = await Promise.all([
        harbor.network.getChaincodeEvents(chaincode),
        harbor.network.getBlockEvents(),
      ]);
      const both = Promise.all([next(events, 1), next(blocks, 1)]);
      // the streams are open once the Gateway knows where the chain ends
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const status = await (await harbor.contract.submitAsync('put', { arguments: ['n', 'next'] })).getStatus();
      const [[event], [block]] = await both;
      expect(text(event?.payload ?? new Uint8Array())).toBe('next');
      expect(BigInt(block?.getHeader()?.getNumber() ?? -1)).toBe(status.blockNumber);
    });

    it('streams blocks from a number on: whole, filtered, with private data', async () => {
      const status = await (await harbor.contract.submitAsync('put', { arguments: ['b', '1'] })).getStatus();
      const startBlock = status.blockNumber;
      const first = await next(await harbor.network.getBlockEvents({ startBlock: 0n }), 3);
      expect(first.map((each) => each.getHeader()?.getNumber())).toEqual([0, 1, 2]);
      const [whole] = await next(await harbor.network.getBlockEvents({ startBlock }), 1);
      expect(BigInt(whole?.getHeader()?.getNumber() ?? -1)).toBe(startBlock);
      const [filtered] = await next(await harbor.network.getFilteredBlockEvents({ startBlock }), 1);
      expect(filtered?.getFilteredTransactionsList().map((each) => each.getTxid())).toContain(status.transactionId);
      const [withPrivate] = await next(await harbor.network.getBlockAndPrivateDataEvents({ startBlock }), 1);
      expect(BigInt(withPrivate?.getBlock()?.getHeader()?.getNumber() ?? -1)).toBe(startBlock);
    });
  });

  /** Asks for the status of a transaction that was endorsed and never handed in. */
  async function unsubmitted(transaction: Transaction): Promise<unknown> {
    const creator = new msp.SerializedIdentity();
    creator.setMspid('harbor');
    creator.setIdBytes(harbor.gateway.getIdentity().credentials);
    const request = new messages.CommitStatusRequest();
    request.setChannelId('east');
    request.setTransactionId(transaction.getTransactionId());
    request.setIdentity(creator.serializeBinary());
    const signed = new messages.SignedCommitStatusRequest();
    signed.setRequest(request.serializeBinary());
    const digest = hash.sha256(signed.getRequest_asU8());
    signed.setSignature(await harbor.sign(digest));
    const prepared = harbor.gateway.newCommit(signed.serializeBinary());
    return prepared.getStatus({ deadline: Date.now() + 2_000 });
  }
});
