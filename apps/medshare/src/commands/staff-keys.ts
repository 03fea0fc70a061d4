import { join } from 'node:path';
import { z } from 'zod';
import { generateStaffKey, type StaffKey } from '@medshare/client';
import { suiteName } from '@medshare/events';
import { readPrivateJson, writePrivateJson } from './private-json.js';

const keyFile = z.strictObject({ suite: suiteName, privateKey: z.string(), publicKey: z.string() });

export interface StaffPlace {
  data: string;
  institution: string;
  username: string;
}

export const staffFile = ({ data, institution, username }: StaffPlace, kind: 'key' | 'asks' | 'session'): string =>
  join(data, 'staff', `${institution}-${username}${kind === 'key' ? '' : `.${kind}`}.json`);

/** A person's own key as this computer keeps it, made at first use. */
export async function staffKey(place: StaffPlace, suite: StaffKey['suite']): Promise<StaffKey> {
  const path = staffFile(place, 'key');
  const stored = await readPrivateJson(path, keyFile);
  if (stored) return stored;
  const key = generateStaffKey(suite);
  await writePrivateJson(path, key);
  return key;
}
