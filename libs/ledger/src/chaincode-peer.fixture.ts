import { credentials } from '@grpc/grpc-js';
import { common, ledger, msp, peer } from '@hyperledger/fabric-protos';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Json } from '@medshare/chaincode-region';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { createHash, randomUUID } from 'node:crypto';

type Message = peer.ChaincodeMessage;
const { Type } = peer.ChaincodeMessage;
const pageEntries = 3;

/** What came of a call: as in a proposal response. */
export interface Answer {
  readonly status: number;
  /** Refusals. */
  readonly message: string;
  readonly response: Json | undefined;
  readonly events: readonly { name: string; value: Json }[];
}

export interface Call {
  mspId: string;
  name: string;
  args: unknown;
  /** ms since the epoch */
  time: number;
}

/** The peer's end of a chaincode stream, over a real socket, on a state in memory: it commits what a call that succeeds wrote. */
export class ChaincodePeer {
  readonly state = new Map<string, Uint8Array>();
  registered: string | undefined;
  /** Whether reads are answered with an error, as by a peer whose database is away. */
  failing = false;
  readonly #stream: ClientDuplexStream<Message, Message>;
  readonly #client: peer.ChaincodeClient;
  readonly #calls = new Map<
    string,
    { writes: Map<string, Uint8Array | undefined>; done: (message: Message) => void }
  >();
  readonly #cursors = new Map<string, [string, Uint8Array][]>();
  #failed: (reason: unknown) => void = () => undefined;
  readonly ready: Promise<void>;

  constructor(address: string, tls: { ca: string; key?: string; cert?: string }) {
    const { ca, key, cert } = tls;
    const secured = credentials.createSsl(
      Buffer.from(ca),
      key === undefined ? null : Buffer.from(key),
      cert === undefined ? null : Buffer.from(cert),
    );
    this.#client = new peer.ChaincodeClient(address, secured);
    this.#stream = this.#client.connect();
    this.ready = new Promise((resolve, reject) => {
      this.#failed = reject;
      this.#stream.on('data', (message: Message) => this.#take(message, resolve));
      this.#stream.on('error', reject);
    });
  }

  async call({ mspId, name, args, time }: Call): Promise<Answer> {
    await this.ready;
    const txId = createHash('sha256').update(randomUUID()).digest('hex');
    const message = this.#message(Type.TRANSACTION, txId, inputOf(name, args));
    message.setProposal(proposalOf(mspId, time, txId));
    const writes = new Map<string, Uint8Array | undefined>();
    const completed = await new Promise<Message>((done) => {
      this.#calls.set(txId, { writes, done });
      this.#stream.write(message);
    });
    const response = peer.Response.deserializeBinary(completed.getPayload_asU8());
    const event = completed.getChaincodeEvent();
    const status = response.getStatus();
    if (status < 400) for (const [key, value] of writes) value ? this.state.set(key, value) : this.state.delete(key);
    return {
      status,
      message: response.getMessage(),
      response: status < 400 ? parsed(response.getPayload_asU8()) : undefined,
      events: event ? (parsed(event.getPayload_asU8()) as never) : [],
    };
  }

  /** The whole state as text, to compare two states. */
  dump(): string {
    const sorted = [...this.state].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([key, value]) => `${key} ${Buffer.from(value).toString()}`).join('\n');
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }

  #take(message: Message, ready: () => void): void {
    const call = this.#calls.get(message.getTxid());
    switch (message.getType()) {
      case Type.REGISTER:
        this.registered = peer.ChaincodeID.deserializeBinary(message.getPayload_asU8()).getName();
        this.#stream.write(this.#message(Type.REGISTERED, '', new Uint8Array()));
        this.#stream.write(this.#message(Type.READY, '', new Uint8Array()));
        return ready();
      case Type.COMPLETED:
        this.#calls.delete(message.getTxid());
        return call?.done(message);
      default:
        if (call === undefined) return this.#failed(new Error('a message of no call'));
        return this.#answer(message, call.writes);
    }
  }

  #answer(message: Message, writes: Map<string, Uint8Array | undefined>): void {
    if (this.failing) return void this.#stream.write(this.#message(Type.ERROR, message.getTxid(), Buffer.from('away')));
    const answer = (payload: Uint8Array) =>
      // a peer takes its time: a second question of the transaction meanwhile would be a fault
      void setImmediate(() => this.#stream.write(this.#message(Type.RESPONSE, message.getTxid(), payload)));
    const payload = message.getPayload_asU8();
    switch (message.getType()) {
      case Type.GET_STATE:
        return answer(this.state.get(peer.GetState.deserializeBinary(payload).getKey()) ?? new Uint8Array());
      case Type.PUT_STATE: {
        const put = peer.PutState.deserializeBinary(payload);
        writes.set(put.getKey(), put.getValue_asU8());
        return answer(new Uint8Array());
      }
      case Type.DEL_STATE:
        writes.set(peer.DelState.deserializeBinary(payload).getKey(), undefined);
        return answer(new Uint8Array());
      case Type.GET_STATE_BY_RANGE: {
        const range = peer.GetStateByRange.deserializeBinary(payload);
        const within = (key: string) => range.getStartkey() <= key && key < range.getEndkey();
        const found = [...this.state].filter(([key]) => within(key)).sort(([a], [b]) => (a < b ? -1 : 1));
        const id = randomUUID();
        this.#cursors.set(id, found);
        return answer(this.#page(id));
      }
      case Type.QUERY_STATE_NEXT:
        return answer(this.#page(peer.QueryStateNext.deserializeBinary(payload).getId()));
      case Type.QUERY_STATE_CLOSE:
        this.#cursors.delete(peer.QueryStateClose.deserializeBinary(payload).getId());
        return answer(new Uint8Array());
      default:
        return this.#failed(new Error('an unknown question'));
    }
  }

  #page(id: string): Uint8Array {
    const left = this.#cursors.get(id) ?? [];
    const response = new peer.QueryResponse();
    response.setId(id);
    response.setResultsList(left.splice(0, pageEntries).map(resultOf));
    response.setHasMore(left.length > 0);
    return response.serializeBinary();
  }

  #message(type: (typeof Type)[keyof typeof Type], txId: string, payload: Uint8Array): Message {
    const message = new peer.ChaincodeMessage();
    message.setType(type);
    message.setTxid(txId);
    message.setChannelId('east');
    message.setPayload(payload);
    return message;
  }
}

const parsed = (bytes: Uint8Array): Json => JSON.parse(Buffer.from(bytes).toString('utf8')) as Json;

function resultOf([key, value]: [string, Uint8Array]): peer.QueryResultBytes {
  const found = new ledger.queryresult.KV();
  found.setKey(key);
  found.setValue(value);
  const result = new peer.QueryResultBytes();
  result.setResultbytes(found.serializeBinary());
  return result;
}

function inputOf(name: string, args: unknown): Uint8Array {
  const input = new peer.ChaincodeInput();
  input.setArgsList([Buffer.from(name), Buffer.from(JSON.stringify(args))]);
  return input.serializeBinary();
}

function proposalOf(mspId: string, time: number, txId: string): peer.SignedProposal {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(identity.serializeBinary());
  const channelHeader = new common.ChannelHeader();
  channelHeader.setChannelId('east');
  channelHeader.setTxId(txId);
  channelHeader.setTimestamp(timestamps.Timestamp.fromDate(new Date(time)));
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const proposal = new peer.Proposal();
  proposal.setHeader(header.serializeBinary());
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(proposal.serializeBinary());
  return signed;
}
