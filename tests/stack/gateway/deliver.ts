import type { ServerDuplexStream } from '@grpc/grpc-js';
import { common, orderer } from '@hyperledger/fabric-protos';
import { checkSigner } from './check-signer.js';
import { asGatewayError } from './gateway-error.js';
import type { Own } from './own.js';
import { ownSeek } from './own-messages.js';
import { passThrough } from './pass-through.js';
import { heightOf } from './read-ledger.js';

export const deliverMethods = ['Deliver', 'DeliverFiltered', 'DeliverWithPrivateData'] as const;

const same = (bytes: Buffer): Buffer => bytes;

/** Blocks: the client's own signed request goes to the peer as it is, and what the peer sends comes back as it is. */
export function deliver(own: Own, method: string, call: ServerDuplexStream<Buffer, Buffer>): void {
  const upstream = own.peer.deliver.makeBidiStreamRequest(method, same, same);
  passThrough(upstream, call, same);
  call.on('data', (request: Buffer) => {
    asked(own, request).then(
      (bytes) => upstream.write(bytes),
      (caught: unknown) => {
        upstream.cancel();
        call.emit('error', asGatewayError(caught));
      },
    );
  });
  call.on('end', () => upstream.end());
}

/** "From the next commit on", which older peers do not know, becomes a block's number, asked for by the stand-in once it has checked the signer. */
async function asked(own: Own, request: Buffer): Promise<Buffer> {
  const envelope = common.Envelope.deserializeBinary(request);
  const data = envelope.getPayload_asU8();
  const payload = common.Payload.deserializeBinary(data);
  const seek = orderer.SeekInfo.deserializeBinary(payload.getData_asU8());
  if (!seek.getStart()?.hasNextCommit()) return request;
  const header = payload.getHeader();
  const channel = common.ChannelHeader.deserializeBinary(
    header?.getChannelHeader_asU8() ?? new Uint8Array(),
  ).getChannelId();
  const identity = common.SignatureHeader.deserializeBinary(
    header?.getSignatureHeader_asU8() ?? new Uint8Array(),
  ).getCreator_asU8();
  const signature = envelope.getSignature_asU8();
  const known = await checkSigner(own, { channel, identity, data, signature }).then(
    () => true,
    () => false,
  );
  // whom the stand-in does not know the peer refuses, in its own words
  if (!known) return request;
  return Buffer.from((await ownSeek(own.identity, channel, await heightOf(own, channel))).serializeBinary());
}
