import { common, discovery, orderer, peer } from '@hyperledger/fabric-protos';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { createHash } from 'node:crypto';
import type { OwnIdentity } from './own-identity.js';

// Messages that the stand-in signs with its own identity: reading, never writing.

type HeaderType = common.HeaderTypeMap[keyof common.HeaderTypeMap];

interface HeaderFields {
  type: HeaderType;
  channel: string;
  nonce?: Uint8Array;
  txId?: string;
  extension?: Uint8Array;
}

function headerOf(identity: OwnIdentity, fields: HeaderFields): common.Header {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(fields.type);
  channelHeader.setChannelId(fields.channel);
  channelHeader.setTimestamp(timestamps.Timestamp.fromDate(new Date()));
  if (fields.txId !== undefined) channelHeader.setTxId(fields.txId);
  if (fields.extension) channelHeader.setExtension$(fields.extension);
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(identity.creator);
  signatureHeader.setNonce(fields.nonce ?? identity.nonce());
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  return header;
}

/** A query to a system chaincode. */
export async function ownProposal(
  identity: OwnIdentity,
  channel: string,
  chaincode: string,
  args: readonly string[],
): Promise<peer.SignedProposal> {
  const nonce = identity.nonce();
  const txId = createHash('sha256').update(nonce).update(identity.creator).digest('hex');
  const id = new peer.ChaincodeID();
  id.setName(chaincode);
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(id);
  const input = new peer.ChaincodeInput();
  input.setArgsList(args.map((each) => Buffer.from(each)));
  const spec = new peer.ChaincodeSpec();
  spec.setType(peer.ChaincodeSpec.Type.GOLANG);
  spec.setChaincodeId(id);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(invocation.serializeBinary());
  const proposal = new peer.Proposal();
  const fields = { channel, nonce, txId, extension: extension.serializeBinary() };
  proposal.setHeader(headerOf(identity, { type: common.HeaderType.ENDORSER_TRANSACTION, ...fields }).serializeBinary());
  proposal.setPayload(payload.serializeBinary());
  const signed = new peer.SignedProposal();
  signed.setProposalBytes(proposal.serializeBinary());
  signed.setSignature(await identity.sign(signed.getProposalBytes_asU8()));
  return signed;
}

/** Asks for all blocks from a number on, or from the newest, for ever. */
export async function ownSeek(identity: OwnIdentity, channel: string, start: number | 'newest') {
  const seek = new orderer.SeekInfo();
  seek.setStart(start === 'newest' ? newest() : block(start));
  seek.setStop(block(Number.MAX_SAFE_INTEGER));
  seek.setBehavior(orderer.SeekInfo.SeekBehavior.BLOCK_UNTIL_READY);
  const payload = new common.Payload();
  payload.setHeader(headerOf(identity, { type: common.HeaderType.DELIVER_SEEK_INFO, channel }));
  payload.setData(seek.serializeBinary());
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  envelope.setSignature(await identity.sign(envelope.getPayload_asU8()));
  return envelope;
}

function block(number: number): orderer.SeekPosition {
  const specified = new orderer.SeekSpecified();
  specified.setNumber(number);
  const position = new orderer.SeekPosition();
  position.setSpecified(specified);
  return position;
}

function newest(): orderer.SeekPosition {
  const position = new orderer.SeekPosition();
  position.setNewest(new orderer.SeekNewest());
  return position;
}

export async function ownDiscovery(identity: OwnIdentity, query: discovery.Query): Promise<discovery.SignedRequest> {
  const authentication = new discovery.AuthInfo();
  authentication.setClientIdentity(identity.creator);
  authentication.setClientTlsCertHash(identity.tlsHash);
  const request = new discovery.Request();
  request.setAuthentication(authentication);
  request.setQueriesList([query]);
  const signed = new discovery.SignedRequest();
  signed.setPayload(request.serializeBinary());
  signed.setSignature(await identity.sign(signed.getPayload_asU8()));
  return signed;
}
