import { join } from 'node:path';
import type { Command } from 'commander';
import { canonical, documentHash, signDocument, suite } from '@medshare/crypto';
import { region as regionShape, type Region } from '@medshare/events';
import { institutionId, signature } from '@medshare/events/scalars';
import { problem } from '@medshare/problems';
import { z } from 'zod';
import { firstConfig } from '../found/first-config.js';
import { founderOf, writeRegion } from '../found/found-institution.js';
import { memberFile, type MemberFile } from '../found/founding-files.js';
import { configOption } from './config.command.js';
import { positiveInt, several } from './option-values.js';
import { addCommand, type Outcome } from './outcome.js';
import type { Run } from './program.js';
import { json, readJson, writeJson } from './region-files.js';
import { writeNew } from './write-new.js';

/** A member's signature of an amendment. */
export const signatureFile = z.strictObject({
  version: z.literal(1),
  institution: institutionId,
  /** hash of the amended document, so that a file for another one is told by its name */
  region: z.string(),
  signature,
});

interface GrowOptions {
  region: string;
  member: string[];
  endorsements?: number;
  viewQuorum?: number;
  out: string;
}

interface SignOptions {
  region: string;
  replaces?: string;
  data: string;
  out: string;
}

interface AdoptOptions {
  region: string;
  member: string[];
  data: string;
}

const amended = ['--region <file>', 'the amended document, made by `medshare region grow`'] as const;
const ourFolder = ['--data <folder>', 'our folder, made by `medshare region join`'] as const;

/** Another institution in a region that runs: a document that every member signs, and that the chain puts in the place of the present one. */
export function addAmending(group: Command, run: Run): void {
  addCommand(
    group,
    'grow',
    'Amend the region’s document by new members, or by other quorums: a file for everybody to read and sign. Everybody gets the same one from the same files.',
    ['medshare region grow --region harbor/region.json --member pier.json --endorsements 3 --out east-2.json'],
  )
    .requiredOption('--region <file>', 'the present document')
    .option('--member <file>', 'a new member’s member.json; repeated', several, [])
    .option('--endorsements <n>', 'how many equal endorsements a transaction needs', positiveInt(64))
    .option('--view-quorum <n>', 'how many must sign the same view', positiveInt(64))
    .requiredOption('--out <file>', 'where it is written')
    .action((options: GrowOptions, self: Command) => run(self, () => grow(options)));
  addCommand(
    group,
    'sign',
    'Sign an amended document with our ledger key, after reading it. Members that are there and new ones, all sign.',
    [
      'medshare region sign --region east-2.json --data harbor --out harbor.signature.json',
      'medshare region sign --region east-2.json --replaces region.json --data pier --out pier.signature.json   # the new member',
    ],
  )
    .requiredOption(...amended)
    .option('--replaces <file>', 'the present document (default: region.json in our folder)')
    .requiredOption(...ourFolder)
    .requiredOption('--out <file>', 'where it is written')
    .action((options: SignOptions, self: Command) => run(self, () => sign(options)));
  addCommand(
    group,
    'amend',
    'Put the amended document on the chain, with everybody’s signatures. One member does it for all; the chain checks everything again. On Hyperledger Fabric only.',
    [
      'medshare region amend --region east-2.json --signature harbor.signature.json --signature lakeside.signature.json --signature summit.signature.json --signature pier.signature.json --config harbor/config.yaml',
    ],
  )
    .requiredOption(...amended)
    .requiredOption('--signature <file>', 'a member’s signature; repeated', several)
    .requiredOption(...configOption)
    .action((options: { region: string; signature: string[]; config: string }, self: Command) =>
      run(self, async (within) => {
        const region = await readJson(options.region, regionShape);
        const signatures = await Promise.all(options.signature.map((file) => readJson(file, signatureFile)));
        const hash = hashOf(region);
        const other = signatures.find((one) => one.region !== hash);
        if (other) throw problem('config.invalid', { where: other.institution, detail: 'it signed another document' });
        const { amendRegion } = await import('../run/amend-region.js');
        return amendRegion(options.config, { region, signatures }, within);
      }),
    );
  addCommand(
    group,
    'adopt',
    'Go on with the amended document, once it is on the chain: keeps it in our folder, with the new members’ authorities. It counts from the next start on.',
    [
      'medshare region adopt --region east-2.json --member pier.json --data harbor',
      'medshare region adopt --region east-2.json --member harbor.json --member lakeside.json --member summit.json --member pier.json --data pier   # the new member',
    ],
  )
    .requiredOption(...amended)
    .option('--member <file>', 'member.json of a member whose authority we do not have yet; repeated', several, [])
    .requiredOption(...ourFolder)
    .action((options: AdoptOptions, self: Command) => run(self, () => adopt(options)));
}

const hashOf = (region: Region): string => documentHash(suite(region.suite), 'region', 1, region);

async function grow({ region: file, member, endorsements, viewQuorum, out }: GrowOptions): Promise<Outcome> {
  const region = await readJson(file, regionShape);
  const joining = await Promise.all(member.map((one) => readJson(one, memberFile)));
  for (const { id, suite: used } of joining) {
    if (used !== region.suite)
      throw problem('config.invalid', { where: id, detail: `its keys are of the suite ${used}` });
    if (region.members.some((one) => one.id === id))
      throw problem('config.invalid', { where: id, detail: 'it is a member' });
  }
  const next: Region = {
    ...region,
    members: [
      ...region.members,
      ...joining.map(({ id, name, keys, mspId }) => ({ id, name, keys, ...(mspId !== undefined && { mspId }) })),
    ],
    ...(endorsements !== undefined && { endorsements }),
    ...(viewQuorum !== undefined && { viewQuorum }),
  };
  await writeJson(out, next);
  return { document: { file: out, hash: hashOf(next) }, text: `${out}: ${hashOf(next)}\n${differences(region, next)}` };
}

/** What whoever signs reads. */
function differences(region: Region, next: Region): string {
  const ids = new Set(region.members.map(({ id }) => id));
  const joining = next.members.filter(({ id }) => !ids.has(id)).map(({ id, name }) => `  ${id} (${name}) joins`);
  const changed = Object.keys(next)
    .filter((key) => key !== 'members')
    .map((key) => [key, region[key as keyof Region] ?? null, next[key as keyof Region] ?? null] as const)
    .filter(([, is, becomes]) => canonical(is) !== canonical(becomes))
    .map(([key, is, becomes]) => `  ${key}: ${JSON.stringify(is)} → ${JSON.stringify(becomes)}`);
  return [...joining, ...changed].join('\n');
}

async function sign({ region: file, replaces, data, out }: SignOptions): Promise<Outcome> {
  const next = await readJson(file, regionShape);
  const present = await readJson(replaces ?? join(data, 'region.json'), regionShape);
  const { id } = await ourselves(data, next);
  const { ledger } = await founderOf(data, id, next.suite);
  const said = { replaces: hashOf(present), region: next };
  const signed = {
    ...{ version: 1 as const, institution: id, region: hashOf(next) },
    signature: signDocument(suite(next.suite), ledger.privateKey, 'amendment', 1, said),
  };
  await writeJson(out, signatureFile.parse(signed));
  const text = `${out}: signed by ${id}\n${differences(present, next)}`;
  return { document: { file: out, institution: id, hash: hashOf(next) }, text };
}

async function adopt({ region: file, member, data }: AdoptOptions): Promise<Outcome> {
  const next = await readJson(file, regionShape);
  const given = await Promise.all(member.map((one) => readJson(one, memberFile)));
  for (const one of given) checkMember(next, one);
  const { id } = await ourselves(data, next);
  await writeRegion(data, { members: given }, { region: next });
  const config = join(data, 'config.yaml');
  const fresh = await writeNew(config, firstConfig(next.region, given, id));
  const lines = given.map(
    ({ id: who, peerUrl }) => `  ${who}: authorities tls/authorities/${who}.pem, urls ${peerUrl}`,
  );
  const text = fresh
    ? `${config}: a configuration to begin with`
    : ['Add to `peers` of the configuration, and start again:', ...lines].join('\n');
  return {
    document: { region: hashOf(next), config, fresh },
    text: `${join(data, 'region.json')}: ${hashOf(next)}\n${text}`,
  };
}

/** @throws Problem config.invalid when the document has other keys for us, or does not name us */
async function ourselves(data: string, next: Region): Promise<MemberFile> {
  const own = await readJson(join(data, 'member.json'), memberFile);
  checkMember(next, own);
  return own;
}

function checkMember(next: Region, { id, keys }: MemberFile): void {
  const found = next.members.find((one) => one.id === id);
  if (!found) throw problem('config.invalid', { where: id, detail: 'the amended document does not name it' });
  if (json(found.keys) !== json(keys))
    throw problem('config.invalid', { where: id, detail: 'the amended document has other keys for it' });
}
