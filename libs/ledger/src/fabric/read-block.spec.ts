import { createHash } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import { Cast } from '@medshare/chaincode-region/cast.fixture';
import type { ChainSigning } from '../chain-signing.js';
import type { Connection } from './connection.js';
import type { ChainFinding } from '../ledger.port.js';
import type { CopiedBlock, Copy } from './copy.js';
import { Follower, type FollowerParts } from './follower.js';
import { isUnreadable, readBlock } from './read-block.js';
import { defaultSettings } from './settings.js';
import { verifyCopy } from './verify-copy.js';

/** An envelope of the type, whose channel header begins with `foreign`. */
function envelope(foreign: Uint8Array, type: number = common.HeaderType.ENDORSER_TRANSACTION): Uint8Array {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(type);
  channelHeader.setTxId('of-nobody');
  const header = new common.Header();
  header.setChannelHeader(Buffer.concat([foreign, channelHeader.serializeBinary()]));
  const payload = new common.Payload();
  payload.setHeader(header);
  const made = new common.Envelope();
  made.setPayload(payload.serializeBinary());
  return made.serializeBinary();
}

function block(number: number, ...envelopes: Uint8Array[]): common.Block {
  const made = new common.Block();
  const header = new common.BlockHeader();
  header.setNumber(number);
  const hash = createHash('sha256');
  for (const one of envelopes) hash.update(one);
  header.setDataHash(hash.digest());
  made.setHeader(header);
  const data = new common.BlockData();
  data.setDataList(envelopes);
  made.setData(data);
  const metadata = new common.BlockMetadata();
  // every envelope found valid
  metadata.setMetadataList([
    new Uint8Array(),
    new Uint8Array(),
    new Uint8Array(envelopes.length).fill(peer.TxValidationCode.VALID),
  ]);
  made.setMetadata(metadata);
  return made;
}

/** Field 1, a varint to whoever made it, as fixed32: a foreign field to Go, which orderers and peers let pass. */
const otherWireType = Buffer.of(0x0d, 1, 2, 3, 4);
const nothing = new Uint8Array();

/** Verifies a copy that takes up the later blocks once its state was read. @returns what it says of transactions and state */
async function verified(first: common.Block, ...later: common.Block[]): Promise<ChainFinding[]> {
  const stored = [first].map(copied);
  const planted = { key: 'planted', value: nothing, version: [0, 0] as const };
  const copy = {
    blocks: (from: number) => Promise.resolve(stored.slice(from)),
    range: () => {
      stored.push(...later.splice(0).map(copied));
      return Promise.resolve([planted]);
    },
    getMany: () => Promise.resolve([planted]),
    keptLong: () => Promise.resolve([]),
  } as unknown as Copy;
  const signing = { holds: () => true } as unknown as ChainSigning;
  const { region } = new Cast('intl', {}, 0);
  const found: ChainFinding[] = [];
  for await (const one of verifyCopy({ institution: 'harbor', region, chaincode: 'region', copy, signing }))
    if (one.kind === 'transaction' || one.kind === 'state') found.push(one);
  return found;
}

function copied(given: common.Block): CopiedBlock {
  const { number, hash, codes } = readBlock(given);
  return { number, hash, codes, bytes: given.serializeBinary(), signature: 'signed' };
}

describe('what stands in a block and cannot be read', () => {
  it.each([
    ['a known field with another wire type', envelope(otherWireType)],
    ['bytes that are no envelope', Buffer.of(0x0a, 0xff)],
    ['a call without an action', envelope(nothing)],
  ])('is told apart, and stands in nobody’s way: %s', (_, bytes) => {
    const { transactions } = readBlock(block(7, envelope(nothing, common.HeaderType.MESSAGE), bytes));
    expect(transactions.map(({ index }) => index)).toEqual([0, 1]);
    expect(transactions.map(isUnreadable)).toEqual([false, true]);
  });

  it('is named by who verifies the copy, also in a block that came meanwhile', async () => {
    const unreadable = (id: number) => ({
      kind: 'transaction',
      block: id,
      detail: expect.stringMatching('cannot be read') as string,
    });
    const found = await verified(block(0, envelope(otherWireType)), block(1, envelope(otherWireType)));
    expect(found).toMatchObject([unreadable(0), unreadable(1), { kind: 'state', id: 'planted' }]);
  });

  it('is named by who follows the chain when the peer found it valid, and the block is taken', async () => {
    const [taken, told] = [[] as number[], [] as unknown[]];
    const given = [block(0, envelope(otherWireType))];
    const lines = async function* () {
      yield* given.splice(0);
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const getBlockEvents = () => Promise.resolve(Object.assign(lines(), { close: () => undefined }));
    const connection = {
      gateway: { getNetwork: () => ({ getBlockEvents }) },
      access: { channel: 'east' },
      replaced: new AbortController().signal,
    } as unknown as Connection;
    const copy = {
      head: () => Promise.resolve(undefined),
      take: ({ number }: { number: number }) => Promise.resolve(taken.push(number) > 0),
    } as unknown as Copy;
    const follower = new Follower({
      institution: 'harbor',
      connection,
      copy,
      settings: defaultSettings,
      signing: { sign: () => 'signed' } as unknown as ChainSigning,
      onFinding: (finding: unknown) => void told.push(finding),
      onTrouble: (found: Error) => {
        throw found;
      },
    } as unknown as FollowerParts);
    follower.start();
    await follower.taken.wait(2000, new AbortController().signal);
    await follower.stop();
    expect(taken).toEqual([0]);
    expect(told).toEqual([
      {
        institution: 'harbor',
        code: 'ledger.tampered',
        detail: 'block 0: transaction 0 is valid to the peer, and cannot be read',
      },
    ]);
  });
});
