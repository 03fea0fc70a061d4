import { Metadata, status as codes, type ServiceError } from '@grpc/grpc-js';
import { gateway, google } from '@hyperledger/fabric-protos';
import anys from 'google-protobuf/google/protobuf/any_pb.js';

/** Who failed, and why: what a client finds in `details` of its error. */
export interface Detail {
  readonly address: string;
  readonly mspId: string;
  readonly message: string;
}

/** An answer of the Gateway other than success, in the shape in which gRPC carries it (google.rpc.Status in a trailer). */
export class GatewayError extends Error implements ServiceError {
  readonly code: codes;
  readonly details: string;
  readonly metadata = new Metadata();

  constructor(code: codes, message: string, details: readonly Detail[] = []) {
    super(message);
    this.code = code;
    this.details = message;
    if (details.length > 0) this.metadata.set('grpc-status-details-bin', packed(code, message, details));
  }
}

function packed(code: codes, message: string, details: readonly Detail[]): Buffer {
  const status = new google.rpc.Status();
  status.setCode(code);
  status.setMessage(message);
  for (const each of details) {
    const detail = new gateway.ErrorDetail();
    detail.setAddress(each.address);
    detail.setMspId(each.mspId);
    detail.setMessage(each.message);
    const any = new anys.Any();
    any.pack(detail.serializeBinary(), 'gateway.ErrorDetail');
    status.addDetails(any);
  }
  return Buffer.from(status.serializeBinary());
}

/** What a handler threw, as an answer; its own faults are INTERNAL. */
export const asGatewayError = (caught: unknown): GatewayError =>
  caught instanceof GatewayError ? caught : new GatewayError(codes.INTERNAL, (caught as Error).message);

/** As Go's gRPC writes the error of a call to another node. */
export function textOf({ code, details }: ServiceError): string {
  const name = codes[code].toLowerCase().replace(/(^|_)(.)/g, (_, __, letter: string) => letter.toUpperCase());
  return `rpc error: code = ${name} desc = ${details}`;
}
