import { readFile } from 'node:fs/promises';
import { readSecretFile } from '@medshare/keys/secret-file';
import { problem } from '@medshare/problems';

interface Files {
  readonly authorities?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
}

/** @throws Problem config.invalid naming the file */
export async function readPem(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw problem('config.invalid', { where: path, detail: 'the file cannot be read', cause });
  });
}

/** A private key. @throws Problem config.invalid naming the file, also when others may read it */
export const readKey = async (path: string): Promise<string> => (await readSecretFile(path)).toString('utf8');

/** What a TLS client shows and trusts, read from its files; at each use, so that new certificates are taken without a restart. */
export async function readClientTls({ authorities, cert, key, serverName }: Files): Promise<{
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  serverName: string | undefined;
}> {
  const pem = async (path: string | undefined) => (path === undefined ? undefined : readPem(path));
  const [ca, shown, own] = await Promise.all([
    pem(authorities),
    pem(cert),
    key === undefined ? undefined : readKey(key),
  ]);
  return { ca, cert: shown, key: own, serverName };
}
