import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { common, msp, peer } from '@hyperledger/fabric-protos';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { createHash } from 'node:crypto';
import type { Clock, Random } from '@medshare/clock';
import { problem } from '@medshare/problems';
import type { openClient } from '../fabric/connection.js';
import type { FabricAccess } from '../fabric/settings.js';

export interface PeerQuestion {
  /** Function of `_lifecycle`. */
  readonly name: string;
  readonly args: Uint8Array;
  readonly ms: number;
}

export interface Asking {
  readonly client: ReturnType<typeof openClient>;
  readonly access: Pick<FabricAccess, 'mspId' | 'cert'>;
  readonly sign: (digest: Uint8Array) => Promise<Uint8Array>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'bytes'>;
}

/**
 * Asks one peer about itself, outside of any channel: what is installed there, and to install more. Gateways carry no such question.
 *
 * @returns the answer's bytes
 * @throws `ledger.refused` with the peer's reason, `ledger.unavailable` when it does not answer
 */
export async function askPeer(asking: Asking, question: PeerQuestion): Promise<Uint8Array> {
  const proposal = proposalOf(asking, question);
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(proposal);
  signed.setSignature(await asking.sign(createHash('sha256').update(proposal).digest()));
  const response = (await send(asking.client, signed, question.ms)).getResponse();
  const status = response?.getStatus() ?? 500;
  if (status >= 200 && status < 400) return response?.getPayload_asU8() ?? new Uint8Array();
  throw problem('ledger.refused', { where: 'peer', detail: response?.getMessage() ?? 'no reason' });
}

function send(client: Asking['client'], signed: peer.SignedProposal, ms: number): Promise<peer.ProposalResponse> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/protos.Endorser/ProcessProposal',
      (message: peer.SignedProposal) => Buffer.from(message.serializeBinary()),
      (bytes: Buffer) => peer.ProposalResponse.deserializeBinary(bytes),
      signed,
      new Metadata(),
      { deadline: Date.now() + ms },
      (error: ServiceError | null, response?: peer.ProposalResponse) => {
        if (response !== undefined) resolve(response);
        else reject(failure(error));
      },
    );
  });
}

/** A peer answers a proposal that it refuses before any chaincode sees it with gRPC UNKNOWN. */
function failure(error: ServiceError | null) {
  const refused = error?.code === 2 || error?.code === 7;
  return problem(refused ? 'ledger.refused' : 'ledger.unavailable', {
    where: 'peer',
    detail: error?.details ?? 'no answer',
    cause: error,
  });
}

function proposalOf({ access, clock, random }: Asking, { name, args }: PeerQuestion): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(access.mspId);
  identity.setIdBytes(Buffer.from(access.cert));
  const creator = identity.serializeBinary();
  const nonce = random.bytes(24);
  const chaincode = new peer.ChaincodeID();
  chaincode.setName('_lifecycle');
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(chaincode);
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setTxId(createHash('sha256').update(nonce).update(creator).digest('hex'));
  channelHeader.setTimestamp(timestamps.Timestamp.fromDate(new Date(clock.now())));
  channelHeader.setExtension$(extension.serializeBinary());
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator);
  signatureHeader.setNonce(nonce);
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const proposal = new peer.Proposal();
  proposal.setHeader(header.serializeBinary());
  proposal.setPayload(payloadOf(chaincode, name, args));
  return proposal.serializeBinary();
}

function payloadOf(chaincode: peer.ChaincodeID, name: string, args: Uint8Array): Uint8Array {
  const input = new peer.ChaincodeInput();
  input.setArgsList([Buffer.from(name), args]);
  const spec = new peer.ChaincodeSpec();
  spec.setType(peer.ChaincodeSpec.Type.GOLANG);
  spec.setChaincodeId(chaincode);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(invocation.serializeBinary());
  return payload.serializeBinary();
}
