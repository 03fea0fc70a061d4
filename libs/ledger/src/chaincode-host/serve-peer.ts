import { peer } from '@hyperledger/fabric-protos';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { canonical, utf8 } from '@medshare/crypto';
import { isProblem, problem, type ProblemCode } from '@medshare/problems';
import { Exchange } from './exchange.js';
import { readInvocation } from './invocation.js';
import { PeerState } from './peer-state.js';
import { runInvocation, type Executed, type HostedChaincode } from './run-invocation.js';

type Message = peer.ChaincodeMessage;
export type PeerStream = ServerDuplexStream<Message, Message>;

export interface HostLimits {
  /** Time that one execution may take, ms; shorter than the peer's own (core.yaml chaincode.executetimeout, 30 s). */
  readonly executeMs: number;
  /** Executions of one peer at one time. */
  readonly executions: number;
}

export interface HostSettings extends HostedChaincode {
  /** Id that the peer gave the installed package: `<label>:<hash>`. */
  readonly packageId: string;
  readonly limits: HostLimits;
  /** Told of executions that failed for another reason than a refusal. Never with content. */
  readonly onFault: (fault: { txId: string; cause: unknown }) => void;
}

const { Type } = peer.ChaincodeMessage;
/** Name of the one event that a transaction may have: its value is the list of the chaincode's events. */
export const eventName = 'medshare';
/** From here on a peer does not endorse (core/endorser). */
const refusedStatus = 500;
const doneStatus = 200;

/**
 * Serves one peer over one stream: registers, then runs what the peer sends, several at a time, until the stream ends.
 * The protocol is that of `peer/chaincode_shim.proto`, of which a peer is the client here (`Chaincode.Connect`).
 */
export function servePeer(stream: PeerStream, settings: HostSettings): void {
  const running = new Map<string, Exchange>();
  const write = (message: Message) => void (stream.writable && stream.write(message));
  stream.on('data', (message: Message) => {
    const type = message.getType();
    const key = `${message.getChannelId()} ${message.getTxid()}`;
    if (type === Type.RESPONSE || type === Type.ERROR) running.get(key)?.answer(message);
    else if (type === Type.TRANSACTION || type === Type.INIT) void execute(message, key);
    // REGISTERED, READY and KEEPALIVE ask for nothing
  });
  const gone = () => {
    for (const exchange of running.values())
      exchange.end(problem('ledger.unavailable', { detail: 'the peer has gone' }));
    running.clear();
  };
  stream.on('error', gone);
  stream.on('close', gone);
  stream.on('end', () => {
    gone();
    stream.end();
  });
  write(registration(settings.packageId));

  async function execute(message: Message, key: string): Promise<void> {
    if (running.has(key)) return;
    const exchange = new Exchange((type, payload) => write(replyTo(message, type, payload)));
    const full = running.size >= settings.limits.executions;
    running.set(key, exchange);
    const late = setTimeout(
      () => exchange.end(problem('ledger.unavailable', { detail: 'the execution took too long' })),
      settings.limits.executeMs,
    );
    try {
      write(completed(message, full ? tooMany : await outcomeOf(message, exchange, settings)));
    } finally {
      clearTimeout(late);
      running.delete(key);
    }
  }
}

const tooMany: Executed = { kind: 'refused', code: 'ledger.unavailable', detail: 'too many executions at one time' };

/** Never throws: what is no outcome is answered by its code alone, and told to the operator. */
async function outcomeOf(message: Message, exchange: Exchange, settings: HostSettings): Promise<Executed> {
  try {
    return await runInvocation(settings, new PeerState(exchange), readInvocation(message));
  } catch (caught) {
    settings.onFault({ txId: message.getTxid(), cause: caught });
    const code: ProblemCode = isProblem(caught) ? caught.code : 'internal';
    return {
      kind: 'refused',
      code,
      ...(isProblem(caught) && caught.detail !== undefined && { detail: caught.detail }),
    };
  }
}

function registration(packageId: string): Message {
  const id = new peer.ChaincodeID();
  id.setName(packageId);
  const message = new peer.ChaincodeMessage();
  message.setType(Type.REGISTER);
  message.setPayload(id.serializeBinary());
  return message;
}

function replyTo(
  given: Message,
  type: Message['getType'] extends () => infer T ? T : never,
  payload: Uint8Array,
): Message {
  const message = new peer.ChaincodeMessage();
  message.setType(type);
  message.setTxid(given.getTxid());
  message.setChannelId(given.getChannelId());
  message.setPayload(payload);
  return message;
}

function completed(given: Message, outcome: Executed): Message {
  const response = new peer.Response();
  if (outcome.kind === 'done') {
    response.setStatus(doneStatus);
    response.setPayload(utf8(canonical(outcome.response)));
  } else {
    const { kind: _, ...refusal } = outcome;
    response.setStatus(refusedStatus);
    response.setMessage(canonical(refusal));
  }
  const message = replyTo(given, Type.COMPLETED, response.serializeBinary());
  if (outcome.kind === 'done' && outcome.events.length > 0) {
    const event = new peer.ChaincodeEvent();
    event.setTxId(given.getTxid());
    event.setEventName(eventName);
    event.setPayload(utf8(canonical(outcome.events.map(({ name, value }) => ({ name, value })))));
    message.setChaincodeEvent(event);
  }
  return message;
}
