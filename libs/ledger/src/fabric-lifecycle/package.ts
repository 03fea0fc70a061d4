import { problem } from '@medshare/problems';
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { readTar, writeTar } from './tar.js';

/** How a peer reaches the chaincode server, PEM texts. The key is the peer's, towards that server and nothing else. */
export interface ServerConnection {
  /** `host:port` as the peer sees it. */
  readonly address: string;
  /** Authorities of the server's certificate. */
  readonly authorities: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

export interface Bundled {
  /** Name and version of the chaincode. */
  readonly name: string;
  readonly version: string;
  /** Hash of its code (`readBundle`), hex. */
  readonly bundle: string;
}

const bundled = z.strictObject({
  name: z.string().max(64),
  version: z.string().max(64),
  bundle: z.string().regex(/^[0-9a-f]{64}$/),
});
const metadata = z.object({ label: z.string().max(100) });

/** Most that a package, or the archive in it, may hold, bytes. */
const most = 1024 * 1024;

/** Which code a package stands for, in its label, which is the first part of the id that every peer gives it. */
export const labelOf = ({ name, version, bundle }: Bundled): string => `${name}_${version}_${bundle.slice(0, 16)}`;

/**
 * The package that a peer installs: no code, but where the chaincode server is and which bundle it must run. Equal settings give equal
 * bytes everywhere, and so one id. It holds a private key: keep it as one.
 */
export function makePackage(code: Bundled, connection: ServerConnection): Buffer {
  const connectionFile = {
    address: connection.address,
    dial_timeout: '10s',
    tls_required: true,
    client_auth_required: true,
    client_key: connection.clientKey,
    client_cert: connection.clientCert,
    root_cert: connection.authorities,
  };
  const inner = archive([
    { name: 'bundle.json', bytes: json(bundled.parse(code)) },
    { name: 'connection.json', bytes: json(connectionFile) },
  ]);
  return archive([
    { name: 'code.tar.gz', bytes: inner },
    { name: 'metadata.json', bytes: json({ label: labelOf(code), path: '', type: 'ccaas' }) },
  ]);
}

/** The id that a peer gives a package: `<label>:<SHA-256, hex>` (core/chaincode/persistence). @throws `request.malformed` */
export function readPackage(bytes: Uint8Array): Bundled & { readonly label: string; readonly packageId: string } {
  try {
    const outer = files(bytes);
    const { label } = metadata.parse(parse(outer.get('metadata.json')));
    const inner = files(outer.get('code.tar.gz') ?? new Uint8Array());
    const packageId = `${label}:${createHash('sha256').update(bytes).digest('hex')}`;
    return { ...bundled.parse(parse(inner.get('bundle.json'))), label, packageId };
  } catch (cause) {
    throw problem('request.malformed', { where: 'package', detail: 'it is no package of medshare’s chaincode', cause });
  }
}

const json = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);
const parse = (bytes: Uint8Array | undefined): unknown => JSON.parse(Buffer.from(bytes ?? []).toString('utf8'));

const files = (bytes: Uint8Array): Map<string, Uint8Array> =>
  new Map(readTar(gunzipSync(bytes, { maxOutputLength: most })).map((entry) => [entry.name, entry.bytes]));

/** Stored and not deflated, system byte "unknown" (RFC 1952): the bytes depend on no zlib and no operating system. */
function archive(entries: Parameters<typeof writeTar>[0]): Buffer {
  const zipped = gzipSync(writeTar(entries), { level: 0 });
  zipped[9] = 255;
  return zipped;
}
