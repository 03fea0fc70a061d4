import { Metadata, status as codes } from '@grpc/grpc-js';
import type { peer } from '@hyperledger/fabric-protos';
import { textOf } from './gateway-error.js';
import type { PeerNode } from './nodes.js';

/** What came of one proposal at one peer. */
export type Answered =
  | { readonly response: peer.ProposalResponse }
  | {
      readonly code: codes;
      readonly message: string;
      /** whether another peer may do better: it failed, and not the chaincode */
      readonly retry: boolean;
    };

/**
 * One proposal to one peer. Never rejects.
 *
 * @param own the Gateway's own peer: a real Gateway calls it in process, and so tells what the peer refuses (a signature, a right) from a peer that is away
 */
export function askPeer(
  node: PeerNode,
  proposal: peer.SignedProposal,
  { deadline, own }: { deadline: number; own: boolean },
): Promise<Answered> {
  return new Promise((done) =>
    node.endorser.processProposal(proposal, new Metadata(), { deadline }, (error, response) => {
      if (error && own && error.code === codes.UNKNOWN)
        return done({ code: codes.FAILED_PRECONDITION, message: error.details, retry: false });
      if (error) return done({ code: codes.UNAVAILABLE, message: textOf(error), retry: true });
      done(judged(response as peer.ProposalResponse));
    }),
  );
}

const streamEnded = 'chaincode stream terminated';
/** What a user cannot see from the peer's words. */
const unknownToOld =
  'the chaincode server is gone, or it asked what a peer of this release does not know, such as PURGE_PRIVATE_DATA (2.5): its log says which message it cannot handle';

function judged(response: peer.ProposalResponse): Answered {
  const status = response.getResponse()?.getStatus() ?? 0;
  const message = response.getResponse()?.getMessage() ?? '';
  if (status >= 200 && status < 400) return { response };
  // the peer itself, not the chaincode: there is nothing that it endorsed or refused
  if (status === 500 && response.getPayload_asU8().length === 0)
    return {
      code: codes.ABORTED,
      message: message.endsWith(streamEnded) ? `${message}; ${unknownToOld}` : message,
      retry: true,
    };
  return { code: codes.UNKNOWN, message: `chaincode response ${status}, ${message}`, retry: false };
}
