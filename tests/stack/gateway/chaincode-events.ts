import { status as codes, type ServerWritableStream } from '@grpc/grpc-js';
import { common, gateway, peer, type orderer } from '@hyperledger/fabric-protos';
import { checkSigner } from './check-signer.js';
import { GatewayError } from './gateway-error.js';
import type { Own } from './own.js';
import { ownSeek } from './own-messages.js';
import { passThrough } from './pass-through.js';
import { blockWith, heightOf, transactionsOf } from './read-ledger.js';

type Call = ServerWritableStream<gateway.SignedChaincodeEventsRequest, gateway.ChaincodeEventsResponse>;

/** A chaincode's events, a message a block that has some, from a block on or after a transaction. */
export async function chaincodeEvents(own: Own, call: Call): Promise<void> {
  const data = call.request.getRequest_asU8();
  if (data.length === 0) throw new GatewayError(codes.INVALID_ARGUMENT, 'a chaincode events request is required');
  const request = gateway.ChaincodeEventsRequest.deserializeBinary(data);
  const channel = request.getChannelId();
  const signature = call.request.getSignature_asU8();
  await checkSigner(own, { channel, identity: request.getIdentity_asU8(), data, signature });
  const height = await heightOf(own, channel);
  const start = await startOf(own, request, height);
  const wanted = matcherOf(request);
  const upstream = own.peer.deliver.deliver();
  passThrough(upstream, call, (answer: peer.DeliverResponse) => {
    const block = answer.getBlock();
    if (!block) throw new GatewayError(codes.ABORTED, `the peer ends its blocks: status ${answer.getStatus()}`);
    const number = block.getHeader()?.getNumber() ?? 0;
    const events = number < start ? [] : eventsOf(block).filter(wanted);
    if (events.length === 0) return undefined;
    const response = new gateway.ChaincodeEventsResponse();
    response.setBlockNumber(number);
    response.setEventsList(events);
    return response;
  });
  // a peer refuses to start beyond its height, a Gateway waits for the block
  upstream.write(await ownSeek(own.identity, channel, Math.min(start, height)));
}

async function startOf(own: Own, request: gateway.ChaincodeEventsRequest, height: number): Promise<number> {
  const after = request.getAfterTransactionId();
  const block = after === '' ? undefined : await blockWith(own, request.getChannelId(), after);
  if (block) return block.getHeader()?.getNumber() ?? 0;
  const position: orderer.SeekPosition | undefined = request.getStartPosition();
  if (position?.hasOldest() || position?.hasNewest())
    throw new GatewayError(codes.INVALID_ARGUMENT, 'invalid start position type');
  return position?.getSpecified()?.getNumber() ?? height;
}

/** The chaincode's; those up to the named transaction have been seen. */
function matcherOf(request: gateway.ChaincodeEventsRequest): (event: peer.ChaincodeEvent) => boolean {
  const [chaincode, after] = [request.getChaincodeId(), request.getAfterTransactionId()];
  let passed = after === '';
  return (event) => {
    if (passed) return event.getChaincodeId() === chaincode;
    passed = event.getTxId() === after;
    return false;
  };
}

/** Events of valid transactions, in the block's order. */
function eventsOf(block: common.Block): peer.ChaincodeEvent[] {
  return transactionsOf(block)
    .filter(({ type, code }) => type === common.HeaderType.ENDORSER_TRANSACTION && code === peer.TxValidationCode.VALID)
    .flatMap(({ payload }) => peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList())
    .map((action) => {
      const endorsed = peer.ChaincodeActionPayload.deserializeBinary(action.getPayload_asU8()).getAction();
      const response = endorsed?.getProposalResponsePayload_asU8() ?? new Uint8Array();
      const extension = peer.ProposalResponsePayload.deserializeBinary(response).getExtension_asU8();
      return peer.ChaincodeEvent.deserializeBinary(peer.ChaincodeAction.deserializeBinary(extension).getEvents_asU8());
    })
    .filter((event) => event.getEventName() !== '');
}
