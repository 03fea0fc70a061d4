import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { readFile } from 'node:fs/promises';
import type { FabricDescription } from './fabric/describe-fabric.js';
import type { Organisation } from './fabric/organisations.js';

// A chaincode of few words for the specs of the network itself: the product's own is no yardstick for the servers that it runs on.

type Message = peer.ChaincodeMessage;
type Stream = ServerDuplexStream<Message, Message>;
const { Type } = peer.ChaincodeMessage;

interface Call {
  readonly args: readonly string[];
  /** this organisation's id, which no deterministic chaincode would look at */
  readonly organisation: string;
  readonly transient: ReadonlyMap<string, Uint8Array>;
  ask(type: keyof peer.ChaincodeMessage.TypeMap, message: { serializeBinary(): Uint8Array }): Promise<Uint8Array>;
  emit(name: string, payload: string): void;
}

const put = (call: Call, key: string, value: string): Promise<Uint8Array> => {
  const message = new peer.PutState();
  message.setKey(key);
  message.setValue(Buffer.from(value));
  return call.ask('PUT_STATE', message);
};
const get = async (call: Call, key: string): Promise<string> => {
  const message = new peer.GetState();
  message.setKey(key);
  return Buffer.from(await call.ask('GET_STATE', message)).toString('utf8');
};

const functions: Record<string, (call: Call) => Promise<string>> = {
  async put(call) {
    const [key = '', value = ''] = call.args;
    await put(call, key, value);
    call.emit('put', value);
    return value;
  },
  get: (call) => get(call, call.args[0] ?? ''),
  /** reads what it writes: two at one time conflict */
  async bump(call) {
    const [key = ''] = call.args;
    const next = String(Number(await get(call, key)) + 1);
    await put(call, key, next);
    return next;
  },
  /** each organisation its own result */
  async differ(call) {
    await put(call, call.args[0] ?? '', call.organisation);
    return call.organisation;
  },
  fail: () => Promise.reject(new Error('refused by the chaincode')),
  transient: (call) => Promise.resolve(Buffer.from(call.transient.get('secret') ?? '').toString('utf8')),
  /** what a peer before 2.5 does not know */
  async purge(call) {
    const message = new peer.PurgePrivateState();
    message.setCollection(call.args[0] ?? '');
    message.setKey('key');
    await call.ask('PURGE_PRIVATE_DATA', message);
    return 'purged';
  },
};

export interface TestChaincode {
  close(): void;
}

/** Serves it to one organisation's peer, over mutual TLS. @param packageId which the peer gave the package */
export async function serveTestChaincode(
  organisation: Organisation,
  { organisations }: FabricDescription,
  packageId: string,
): Promise<TestChaincode> {
  const { addresses, certificate, key, authority } = organisations[organisation].chaincode;
  const pair = { cert_chain: await readFile(certificate), private_key: await readFile(key) };
  const server = new Server();
  server.addService(peer.ChaincodeService, { connect: (stream: Stream) => serve(stream, organisation, packageId) });
  const secured = ServerCredentials.createSsl(await readFile(authority), [pair], true);
  await new Promise<void>((done, failed) =>
    server.bindAsync(addresses[0] ?? '', secured, (error) => (error ? failed(error) : done())),
  );
  return { close: () => server.forceShutdown() };
}

function serve(stream: Stream, organisation: string, packageId: string): void {
  const open = new Map<string, { done: (bytes: Uint8Array) => void; failed: (why: Error) => void }>();
  const say = (
    type: keyof peer.ChaincodeMessage.TypeMap,
    payload: Uint8Array,
    to?: Message,
    event?: peer.ChaincodeEvent,
  ) => {
    const message = new peer.ChaincodeMessage();
    message.setType(Type[type]);
    message.setPayload(payload);
    if (to) message.setTxid(to.getTxid());
    if (to) message.setChannelId(to.getChannelId());
    if (event) message.setChaincodeEvent(event);
    if (stream.writable) stream.write(message);
  };
  const id = new peer.ChaincodeID();
  id.setName(packageId);
  stream.on('error', () => undefined);
  stream.on('end', () => stream.end());
  stream.on('data', (message: Message) => {
    const type = message.getType();
    if (type === Type.RESPONSE) open.get(message.getTxid())?.done(message.getPayload_asU8());
    else if (type === Type.ERROR)
      open.get(message.getTxid())?.failed(new Error(Buffer.from(message.getPayload_asU8()).toString('utf8')));
    else if (type === Type.TRANSACTION) void run(message);
  });
  say('REGISTER', id.serializeBinary());

  async function run(given: Message): Promise<void> {
    const input = peer.ChaincodeInput.deserializeBinary(given.getPayload_asU8());
    const [name = '', ...args] = input.getArgsList_asU8().map((each) => Buffer.from(each).toString('utf8'));
    let event: peer.ChaincodeEvent | undefined;
    const response = new peer.Response();
    const call: Call = {
      args,
      organisation,
      transient: transientOf(given),
      ask: (type, message) =>
        new Promise((done, failed) => {
          open.set(given.getTxid(), { done, failed });
          say(type, message.serializeBinary(), given);
        }),
      emit(eventName, payload) {
        event = new peer.ChaincodeEvent();
        event.setTxId(given.getTxid());
        event.setEventName(eventName);
        event.setPayload(Buffer.from(payload));
      },
    };
    try {
      const result = await (functions[name] ?? (() => Promise.reject(new Error(`no function ${name}`))))(call);
      response.setStatus(200);
      response.setPayload(Buffer.from(result));
    } catch (caught) {
      response.setStatus(500);
      response.setMessage((caught as Error).message);
    }
    open.delete(given.getTxid());
    say('COMPLETED', response.serializeBinary(), given, event);
  }
}

function transientOf(given: Message): ReadonlyMap<string, Uint8Array> {
  const proposal = peer.Proposal.deserializeBinary(given.getProposal()?.getProposalBytes_asU8() ?? new Uint8Array());
  const payload = peer.ChaincodeProposalPayload.deserializeBinary(proposal.getPayload_asU8());
  return new Map(payload.getTransientmapMap().entries() as Iterable<[string, Uint8Array]>);
}
