import { createHash } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import type { ChainSigning } from '../chain-signing.js';
import type { Connection } from './connection.js';
import type { Copy } from './copy.js';
import { Follower, type FollowerParts } from './follower.js';
import { isUnreadable, readBlock } from './read-block.js';
import { defaultSettings } from './settings.js';

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
  metadata.setMetadataList([new Uint8Array(), new Uint8Array(), new Uint8Array(envelopes.length)]);
  made.setMetadata(metadata);
  return made;
}

/** Field 1, a varint to whoever made it, as fixed32: a foreign field to Go, which orderers and peers let pass. */
const otherWireType = Buffer.of(0x0d, 1, 2, 3, 4);
const nothing = new Uint8Array();

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
    expect(peer.TxValidationCode.VALID).toBe(0);
  });
});
