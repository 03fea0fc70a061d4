import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditTrust } from '@medshare/client';
import { region as regionShape, type Region } from '@medshare/events';
import { problem } from '@medshare/problems';

/** The region's genesis document as this computer has it. @returns undefined when it has none */
export async function readGenesis(data: string, institution: string): Promise<Region | undefined> {
  for (const path of [join(data, institution, 'region.json'), join(data, 'region.json')]) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return parse(text, path);
  }
  return undefined;
}

/** Reads a genesis document that the caller names. */
export const readGenesisFile = async (path: string): Promise<Region> => parse(await readFile(path, 'utf8'), path);

function parse(text: string, path: string): Region {
  try {
    return regionShape.parse(JSON.parse(text));
  } catch (cause) {
    throw problem('config.invalid', { where: path, detail: 'not a region’s genesis document', cause });
  }
}

/** What an institution's audit log is verified against. @throws Problem when the region has no such member */
export function auditTrust({ members, suite }: Region, institution: string): AuditTrust {
  const member = members.find(({ id }) => id === institution);
  if (!member) throw problem('request.not-found', { where: institution, detail: 'not a member of the region' });
  return { suite, auditKey: member.keys.audit, institution };
}
