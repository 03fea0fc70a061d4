import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemRandom } from '@medshare/clock';
import { writePrivate } from '../found/found-institution.js';

/** Password of an institution's own database user; made at first use, in its folder, mode 0600. */
export async function databasePassword(folder: string): Promise<string> {
  const path = join(folder, 'keys', 'database-password');
  const stored = await readFile(path, 'utf8').catch(() => undefined);
  if (stored) return stored;
  const made = Buffer.from(systemRandom.bytes(24)).toString('base64url');
  await writePrivate(path, made);
  return made;
}
