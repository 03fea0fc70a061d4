import { Client, credentials } from '@grpc/grpc-js';
import { connect, hash, signers, type Gateway } from '@hyperledger/fabric-gateway';
import { createPrivateKey } from 'node:crypto';
import type { FabricAccess } from './settings.js';

/** Largest message either way, bytes: blocks are the largest. */
const messageBytes = 100 * 1024 * 1024;

/** A line to the institution's own peer, and its identity to sign with. */
export interface Connection {
  readonly gateway: Gateway;
  readonly access: FabricAccess;
  /** Signs a SHA-256 digest with the client's key (ECDSA, low S, DER). */
  sign(digest: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

/** Opens the line; nothing is sent yet, and it is opened again by itself when it breaks. */
export function openConnection(access: FabricAccess): Connection {
  const client = openClient(access.gateway, access.tls);
  const sign = signers.newPrivateKeySigner(createPrivateKey(access.key));
  const gateway = connect({
    client,
    identity: { mspId: access.mspId, credentials: Buffer.from(access.cert) },
    signer: sign,
    hash: hash.sha256,
  });
  return {
    gateway,
    access,
    sign,
    close() {
      gateway.close();
      client.close();
    },
  };
}

/** A gRPC client over TLS; Fabric without TLS is not spoken. */
export function openClient(address: string, { authorities, cert, key, serverName }: FabricAccess['tls']): Client {
  const bytes = (pem: string | undefined) => (pem === undefined ? null : Buffer.from(pem));
  return new Client(address, credentials.createSsl(bytes(authorities), bytes(key), bytes(cert)), {
    'grpc.max_receive_message_length': messageBytes,
    'grpc.max_send_message_length': messageBytes,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 2000,
    ...(serverName !== undefined && { 'grpc.ssl_target_name_override': serverName }),
  });
}
