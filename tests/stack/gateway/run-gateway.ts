// The Gateway stand-in of one organisation: node … run-gateway.ts <settings.json>
import { readFile } from 'node:fs/promises';
import { serveGateway } from './serve-gateway.js';

/** Names of files where {@link serveGateway} takes texts. */
export interface GatewayFile {
  readonly listen: string;
  readonly mspId: string;
  readonly identity: { readonly certificate: string; readonly key: string };
  readonly tls: { readonly certificate: string; readonly key: string };
  readonly peer: { readonly address: string; readonly tlsAuthority: string };
}

const pem = (file: string): Promise<string> => readFile(file, 'utf8');
const pairOf = async ({ certificate, key }: GatewayFile['tls']) => ({
  certificate: await pem(certificate),
  key: await pem(key),
});

const file = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as GatewayFile;
const { close } = await serveGateway({
  listen: file.listen,
  mspId: file.mspId,
  identity: await pairOf(file.identity),
  tls: await pairOf(file.tls),
  peer: { address: file.peer.address, tlsAuthority: await pem(file.peer.tlsAuthority) },
});
process.stderr.write(`the Gateway of ${file.mspId} listens on ${file.listen}\n`);
process.once('SIGTERM', () => {
  close();
  process.exit(0);
});
