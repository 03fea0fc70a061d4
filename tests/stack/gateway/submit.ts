import { Metadata, status as codes, type ServiceError } from '@grpc/grpc-js';
import { common, gateway, type orderer } from '@hyperledger/fabric-protos';
import { GatewayError, textOf, type Detail } from './gateway-error.js';
import type { OrdererNode } from './nodes.js';
import type { Own } from './own.js';

/** Hands the signed transaction to an orderer; what that says of it stands, but an orderer that cannot take it now is passed over. */
export async function submit(
  own: Own,
  request: gateway.SubmitRequest,
  deadline: number,
): Promise<gateway.SubmitResponse> {
  const refuse = (message: string) => new GatewayError(codes.INVALID_ARGUMENT, message);
  const transaction = request.getPreparedTransaction();
  if (!transaction) throw refuse('a prepared transaction is required');
  if (transaction.getSignature_asU8().length === 0) throw refuse('prepared transaction must be signed');
  const orderers = await own.discovery.orderers(request.getChannelId()).catch((caught: GatewayError) => {
    throw new GatewayError(codes.FAILED_PRECONDITION, caught.message);
  });
  if (orderers.length === 0) throw new GatewayError(codes.UNAVAILABLE, 'no orderer nodes available');
  const details: Detail[] = [];
  for (const node of inAnyOrder(orderers)) {
    const answer = await broadcast(node, transaction, own.within(deadline));
    if (typeof answer === 'string') {
      details.push({ address: node.address, mspId: node.mspId, message: answer });
      continue;
    }
    const status = answer.getStatus();
    if (status === common.Status.SUCCESS) return new gateway.SubmitResponse();
    if (status >= 400 && status < 500)
      throw new GatewayError(
        codes.ABORTED,
        `received unsuccessful response from orderer: status=${nameOf(status)}, info=${answer.getInfo()}`,
      );
  }
  throw new GatewayError(codes.UNAVAILABLE, 'no orderers could successfully process transaction', details);
}

/** @returns the orderer's answer, or why there is none */
function broadcast(
  { broadcast: client }: OrdererNode,
  transaction: common.Envelope,
  deadline: number,
): Promise<orderer.BroadcastResponse | string> {
  return new Promise((done) => {
    const stream = client.broadcast(new Metadata(), { deadline });
    stream.once('data', (answer: orderer.BroadcastResponse) => {
      done(answer);
      stream.end();
    });
    stream.on('error', (error: ServiceError) => done(textOf(error)));
    stream.once('end', () => done('EOF'));
    stream.write(transaction);
  });
}

const nameOf = (status: number): string =>
  Object.entries(common.Status).find(([, value]) => value === status)?.[0] ?? String(status);

/** Fisher and Yates; which orderer comes first is nobody's secret. */
function inAnyOrder<T>(given: readonly T[]): T[] {
  const rest = [...given];
  return given.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0] as T);
}
