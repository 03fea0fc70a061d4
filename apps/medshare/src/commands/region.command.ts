import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { systemClock, systemRandom } from '@medshare/clock';
import { documentHash, suite, type SuiteName } from '@medshare/crypto';
import { institutionId, suiteName } from '@medshare/events';
import { problem } from '@medshare/problems';
import { firstConfig } from '../found/first-config.js';
import { foundInstitution, founderOf, writeRegion } from '../found/found-institution.js';
import { completeRegion, dealShares, termsOf } from '../found/found-together.js';
import { agreementFile, dealFile, memberFile, type MemberFile } from '../found/founding-files.js';
import { oneOf, several } from './option-values.js';
import { addCommand, UsageError, type Outcome } from './outcome.js';
import type { Run } from './program.js';
import { addAmending } from './region-amend.js';
import { json, readJson, writeJson } from './region-files.js';
import { writeNew } from './write-new.js';

interface JoinOptions {
  id: string;
  name: string;
  suite: SuiteName;
  host: string[];
  peerUrl: string;
  mspId?: string;
  data: string;
}

interface TogetherOptions {
  agreement: string;
  member: string[];
  data: string;
}

/** How institutions found a region, and take another one in, without anybody who knows all keys: each on its own machine, by files that are exchanged. */
export function addRegion(program: Command, run: Run): void {
  const group = program
    .command('region')
    .description(
      'Found a region, or take another institution in: each on a machine of its own, by files that they exchange.',
    );
  const join = addCommand(
    group,
    'join',
    'Make an institution’s keys and certificates in a folder of its own, and member.json, which is for the others: nothing in it is secret.',
    [
      "medshare region join --id harbor --name 'Harbor General Hospital' --peer-url https://medshare.harbor.example:8443 --host medshare.harbor.example --data harbor",
      "medshare region join --id summit --name 'Summit Hospital' --suite sm --msp-id SummitMSP --peer-url https://10.1.2.3:8443 --host 10.1.2.3 --data summit",
    ],
  );
  join
    .requiredOption('--id <institution>', 'short name of the institution, the same everywhere')
    .requiredOption('--name <text>', 'its name for people')
    .requiredOption('--peer-url <url>', 'where the others reach its peer server')
    .requiredOption(
      '--host <name>',
      'DNS name or IP address in the certificate of that server; may be repeated',
      several,
    )
    .addOption(oneOf('--suite <suite>', 'suite of the region', suiteName.options).default('intl'))
    .option('--msp-id <id>', 'its organisation on Hyperledger Fabric, where it is not called like the institution')
    .requiredOption('--data <folder>', 'where keys and certificates are kept')
    .action((options: JoinOptions, self: Command) => run(self, () => joinRegion(options)));
  together(
    addCommand(
      group,
      'deal',
      'Make our part of the region’s index key, which nobody ever knows as a whole: a file for all members, in which each finds a share that only it can open.',
      [
        'medshare region deal --agreement east.json --member harbor.json --member lakeside.json --member summit.json --data harbor --out harbor.deal.json',
      ],
    ),
  )
    .requiredOption('--out <file>', 'where it is written')
    .action((options: TogetherOptions & { out: string }, self: Command) => run(self, () => deal(options)));
  together(
    addCommand(
      group,
      'found',
      'Put the region’s document together out of all members’ files and deals, and keep our share of the index key. Every member gets the same document, or is told whose file differs.',
      [
        'medshare region found --agreement east.json --member harbor.json --member lakeside.json --member summit.json --deal harbor.deal.json --deal lakeside.deal.json --deal summit.deal.json --data harbor',
      ],
    ),
  )
    .requiredOption('--deal <file>', 'a member’s deal, the own one included; repeated', several)
    .action((options: TogetherOptions & { deal: string[] }, self: Command) => run(self, () => found(options)));
  addAmending(group, run);
}

const together = (command: Command): Command =>
  command
    .requiredOption('--agreement <file>', 'what the members agreed on (JSON), the same at all of them')
    .requiredOption('--member <file>', 'a member’s member.json, the own one included; repeated', several)
    .requiredOption('--data <folder>', 'our folder, made by `medshare region join`');

async function joinRegion({ id, name, data, ...options }: JoinOptions): Promise<Outcome> {
  if (!institutionId.safeParse(id).success)
    throw new UsageError('--id: lower-case letters, digits and hyphens, a letter first, 2 to 31 of them');
  if (existsSync(join(data, 'keys')))
    throw problem('request.conflict', { where: data, detail: 'it holds keys already; they are not made anew' });
  const { host: hosts, suite: used, peerUrl, mspId } = options;
  const made = await foundInstitution({
    ...{ id, name, folder: data, suite: used, hosts },
    clock: systemClock,
    random: systemRandom,
  });
  const published: MemberFile = {
    ...{ version: 1, id, name, suite: used, keys: made.publicKeys, peerUrl, ca: made.ca },
    ...(mspId !== undefined && { mspId }),
  };
  const file = join(data, 'member.json');
  await writeJson(file, memberFile.parse(published));
  return {
    document: { file, member: published },
    text: `${file}: give it to the other members. Keep ${join(data, 'keys')} safe.`,
  };
}

async function deal({ out, ...options }: TogetherOptions & { out: string }): Promise<Outcome> {
  const { terms, founder } = await read(options);
  const dealt = json(dealShares(terms, founder, (length) => systemRandom.bytes(length)));
  if (!(await writeNew(out, dealt)))
    throw new UsageError(`${out} is there already: all members must take the same deal`);
  return {
    document: { file: out, terms: terms.hash },
    text: `${out}: give it to the other members. Terms: ${terms.hash}`,
  };
}

async function found({ deal: files, ...options }: TogetherOptions & { deal: string[] }): Promise<Outcome> {
  const { terms, founder } = await read(options);
  const { agreement } = terms;
  const { data } = options;
  if (existsSync(join(data, 'region.json')))
    throw problem('request.conflict', { where: join(data, 'region.json'), detail: 'it is there already' });
  const deals = await Promise.all(files.map((file) => readJson(file, dealFile)));
  const made = completeRegion(terms, founder, deals);
  await writeRegion(data, terms, made);
  const config = join(data, 'config.yaml');
  await writeNew(config, firstConfig(agreement.region, terms.members, founder.id));
  const hash = documentHash(suite(made.region.suite), 'region', 1, made.region);
  return {
    document: { region: made.region, hash, config },
    text: [
      `${join(data, 'region.json')}: ${hash}`,
      'Compare this with the other members, by a way that nobody else writes on: it is the same at all of them.',
      `${config}: a configuration to begin with; \`medshare config docs\` explains every key.`,
    ].join('\n'),
  };
}

/** Our terms and keys; which of the members we are says our own member.json. */
async function read({ agreement: file, member, data }: TogetherOptions) {
  const agreement = await readJson(file, agreementFile);
  const terms = termsOf(agreement, await Promise.all(member.map((one) => readJson(one, memberFile))));
  const own = await readJson(join(data, 'member.json'), memberFile);
  const given = terms.members.find(({ id }) => id === own.id);
  if (!given || json(given) !== json(own))
    throw problem('config.invalid', {
      where: own.id,
      detail: `the file that was given is not ${join(data, 'member.json')}`,
    });
  return { terms, founder: await founderOf(data, own.id, agreement.suite) };
}
