import {
  Server,
  ServerCredentials,
  status as codes,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { gateway } from '@hyperledger/fabric-protos';
import { chaincodeEvents } from './chaincode-events.js';
import { CommitStatus } from './commit-status.js';
import { deliver, deliverMethods } from './deliver.js';
import { endorse } from './endorse.js';
import { evaluate } from './evaluate.js';
import { asGatewayError, GatewayError } from './gateway-error.js';
import { messageBytes } from './nodes.js';
import { Own, type OwnSettings } from './own.js';
import { submit } from './submit.js';

/** The peer is given this long to be there, ms: a connection that is being made is not an outage. */
const reachableMs = 1_000;

/**
 * The Gateway service in front of a peer that has none (before 2.4), for tests: the unmodified client runs against it. Clients sign all that is theirs
 * themselves. Like a real one it is a part of its peer: while that is away it answers UNAVAILABLE to everything.
 */
export async function serveGateway(settings: OwnSettings & { listen: string }): Promise<{ close(): void }> {
  const own = new Own(settings);
  const commits = new CommitStatus(own);
  const server = new Server({
    'grpc.max_receive_message_length': messageBytes,
    'grpc.max_send_message_length': messageBytes,
  });
  server.addService(gateway.GatewayService, {
    evaluate: unary(own, evaluate),
    endorse: unary(own, endorse),
    submit: unary(own, submit),
    commitStatus: unary(own, (_, request: gateway.SignedCommitStatusRequest, __, signal) =>
      commits.of(request, signal),
    ),
    chaincodeEvents: (
      call: ServerWritableStream<gateway.SignedChaincodeEventsRequest, gateway.ChaincodeEventsResponse>,
    ) => {
      reachable(own)
        .then(() => chaincodeEvents(own, call))
        .catch((caught: unknown) => call.emit('error', asGatewayError(caught)));
    },
  });
  server.addService(...deliverService(own));
  const { certificate, key } = settings.tls;
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) };
  await new Promise<void>((done, failed) =>
    server.bindAsync(settings.listen, ServerCredentials.createSsl(null, [pair]), (error) =>
      error ? failed(error) : done(),
    ),
  );
  return { close: () => server.forceShutdown() };
}

type Handler<Q, A> = (own: Own, request: Q, deadline: number, signal: AbortSignal) => Promise<A>;

function unary<Q, A>(own: Own, handle: Handler<Q, A>) {
  return (call: ServerUnaryCall<Q, A>, callback: sendUnaryData<A>): void => {
    const ended = new AbortController();
    call.on('cancelled', () => ended.abort());
    reachable(own)
      .then(() => handle(own, call.request, Number(call.getDeadline()), ended.signal))
      .then(
        (answer) => callback(null, answer),
        (caught: unknown) => callback(asGatewayError(caught)),
      );
  };
}

async function reachable({ peer }: Own): Promise<void> {
  const why = await peer.whyAway(reachableMs);
  if (why !== undefined) throw new GatewayError(codes.UNAVAILABLE, `the peer ${peer.address} is away: ${why}`);
}

/** Blocks pass as bytes: nothing is read that the client does not ask to have read. */
function deliverService(own: Own): Parameters<Server['addService']> {
  const same = (bytes: Buffer): Buffer => bytes;
  const serialisers = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  const pathOf = (method: string) => `/protos.Deliver/${method}`;
  const definition = deliverMethods.map((method) => [
    method,
    { path: pathOf(method), requestStream: true, responseStream: true, ...serialisers },
  ]);
  const handlers = deliverMethods.map((method) => [
    method,
    (call: ServerDuplexStream<Buffer, Buffer>) => {
      reachable(own)
        .then(() => deliver(own, pathOf(method), call))
        .catch((caught: unknown) => call.emit('error', asGatewayError(caught)));
    },
  ]);
  return [Object.fromEntries(definition), Object.fromEntries(handlers)] as Parameters<Server['addService']>;
}
