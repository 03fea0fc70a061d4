import { Client, credentials } from '@grpc/grpc-js';
import { connect, hash, signers, type Gateway } from '@hyperledger/fabric-gateway';
import { createPrivateKey } from 'node:crypto';
import type { FabricAccess } from './settings.js';

/** Largest message either way, bytes: blocks are the largest. */
const messageBytes = 100 * 1024 * 1024;

/** What was begun over a line that another has replaced may still end over it for so long, ms. */
const overlapMs = 15_000;

/** A line to the institution's own peer, and its identity to sign with. */
interface Line {
  readonly gateway: Gateway;
  readonly access: FabricAccess;
  /** Signs a SHA-256 digest with the client's key (ECDSA, low S, DER). */
  readonly sign: (digest: Uint8Array) => Promise<Uint8Array>;
  /** Aborted when another line has taken its place. */
  readonly replaced: AbortSignal;
}

/** The line of this moment: whoever needs two of its parts together takes them at one time. */
export interface Connection extends Line {
  /** Opens another line, with other certificates, and closes this one a while later. */
  renew(access: FabricAccess): void;
  close(): void;
}

/** Opens the line; nothing is sent yet, and it is opened again by itself when it breaks. */
export function openConnection(given: FabricAccess): Connection {
  let line = openLine(given);
  const ending = new Map<NodeJS.Timeout, () => void>();
  return {
    get gateway() {
      return line.gateway;
    },
    get access() {
      return line.access;
    },
    get sign() {
      return line.sign;
    },
    get replaced() {
      return line.replaced;
    },
    renew(access) {
      const old = line;
      line = openLine(access);
      old.replace();
      const timer = setTimeout(() => {
        ending.delete(timer);
        old.close();
      }, overlapMs).unref();
      ending.set(timer, old.close);
    },
    close() {
      for (const [timer, close] of ending) {
        clearTimeout(timer);
        close();
      }
      line.close();
    },
  };
}

function openLine(access: FabricAccess): Line & { replace(): void; close(): void } {
  const client = openClient(access.gateway, access.tls);
  const sign = signers.newPrivateKeySigner(createPrivateKey(access.key));
  const gateway = connect({
    client,
    identity: { mspId: access.mspId, credentials: Buffer.from(access.cert) },
    signer: sign,
    hash: hash.sha256,
  });
  const replaced = new AbortController();
  return {
    gateway,
    access,
    sign,
    replaced: replaced.signal,
    replace: () => replaced.abort(),
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
    // Fabric's peers and orderers close a line on which they are asked more often than once a minute (keepalive.minInterval)
    'grpc.keepalive_time_ms': 75_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 2000,
    ...(serverName !== undefined && { 'grpc.ssl_target_name_override': serverName }),
  });
}
