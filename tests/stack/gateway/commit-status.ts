import { status as codes } from '@grpc/grpc-js';
import { gateway } from '@hyperledger/fabric-protos';
import { checkSigner } from './check-signer.js';
import { GatewayError } from './gateway-error.js';
import type { Own } from './own.js';
import { CommitWatch } from './watch-commits.js';

/** Says how a transaction was judged, once it is in a block. */
export class CommitStatus {
  readonly #own: Own;
  readonly #watches = new Map<string, CommitWatch>();

  constructor(own: Own) {
    this.#own = own;
  }

  async of(signed: gateway.SignedCommitStatusRequest, signal: AbortSignal): Promise<gateway.CommitStatusResponse> {
    const data = signed.getRequest_asU8();
    if (data.length === 0) throw new GatewayError(codes.INVALID_ARGUMENT, 'a commit status request is required');
    const request = gateway.CommitStatusRequest.deserializeBinary(data);
    const channel = request.getChannelId();
    await checkSigner(this.#own, {
      channel,
      identity: request.getIdentity_asU8(),
      data,
      signature: signed.getSignature_asU8(),
    });
    const watch = this.#watches.get(channel) ?? new CommitWatch(this.#own, channel);
    this.#watches.set(channel, watch);
    const { code, block } = await watch.verdict(request.getTransactionId(), signal);
    const response = new gateway.CommitStatusResponse();
    response.setResult(code);
    response.setBlockNumber(block);
    return response;
  }
}
