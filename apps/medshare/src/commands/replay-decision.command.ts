import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  decisionReceipt,
  replayMaterial,
  type DecisionReceipt,
  type Region,
  type ReplayAnswer,
} from '@medshare/events';
import { replayDecision, type Difference } from '@medshare/policy';
import { problem } from '@medshare/problems';
import { table } from '../terminal/table.js';
import { actingAs, withPlace, type WhoOptions } from './acting-as.js';
import { dataFolder } from './data-folder.js';
import { readGenesis, readGenesisFile } from './genesis.js';
import { addCommand, type Outcome, type Surroundings } from './outcome.js';
import type { Run } from './program.js';

interface Options extends WhoOptions {
  region?: string;
  out?: string;
}

export function addReplayDecision(program: Command, run: Run): void {
  const command = addCommand(
    program,
    'replay-decision <receipt>',
    'Decide once more what a signed receipt says was decided, with the policy and the consents of its time, and say what differs. ' +
      'The receipt is an id or a file at an institution (--as), or exported material, which needs nobody.',
    [
      'medshare replay-decision --as regulator@harbor 1f0b2c3d-…',
      'medshare replay-decision --as regulator@harbor receipt.json --out material.json',
      'medshare replay-decision material.json --region region.json --json',
    ],
  );
  withPlace(command)
    .option('--as <user[@institution]>', 'who reads at the institution, e.g. regulator@harbor')
    .option('--region <file>', 'the region’s genesis document (default: that of the data folder)')
    .option('--out <file>', 'write the material to replay from, to be used offline')
    .action((receipt: string, options: Options, self: Command) =>
      run(self, (within) => replay(receipt, options, within)),
    );
}

async function replay(receipt: string, options: Options, within: Surroundings): Promise<Outcome> {
  const material = await materialOf(receipt, options, within);
  const region = await regionOf(options, material.receipt, within);
  const member = region.members.find(({ id }) => id === material.receipt.owner);
  if (!member)
    throw problem('request.not-found', { where: material.receipt.owner, detail: 'not a member of the region' });
  if (options.out !== undefined)
    await writeFile(options.out, `${JSON.stringify(material, null, 2)}\n`, { mode: 0o600 });
  const differences = replayDecision(material, { suite: region.suite, accessKey: member.keys.access });
  const { id, owner, outcome, policyHash } = material.receipt;
  return {
    document: { receipt: id, owner, outcome, policyHash, agrees: differences.length === 0, differences },
    text: text(material.receipt, differences, within.terminal.columns),
    refused: differences.length > 0,
  };
}

/** Exported material as it is; a receipt, or its id, with what the institution kept. A receipt that is brought counts as it was brought. */
async function materialOf(named: string, options: Options, within: Surroundings): Promise<ReplayAnswer> {
  const brought = existsSync(named) ? parse(await readFile(named, 'utf8'), named) : undefined;
  const whole = replayMaterial.safeParse(brought);
  if (whole.success) return whole.data;
  const receipt = brought === undefined ? undefined : decisionReceipt.safeParse(brought);
  if (receipt && !receipt.success)
    throw problem('request.malformed', { where: named, detail: 'neither a receipt nor exported material' });
  if (options.as === undefined)
    throw problem('request.malformed', {
      where: '--as',
      detail: 'name who reads at the institution, or give exported material',
    });
  const { client } = await actingAs(options, within);
  const material = await client.replayMaterial(receipt?.data.id ?? named);
  return receipt ? { ...material, receipt: receipt.data } : material;
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw problem('request.malformed', { where, detail: 'not JSON', cause });
  }
}

async function regionOf(options: Options, receipt: DecisionReceipt, within: Surroundings): Promise<Region> {
  if (options.region !== undefined) return readGenesisFile(options.region);
  const found = await readGenesis(dataFolder(options.data, within.env), receipt.owner);
  if (!found) throw problem('request.not-found', { where: '--region', detail: 'name the region’s genesis document' });
  return found;
}

function text(
  { id, owner, outcome, rules }: DecisionReceipt,
  differences: readonly Difference[],
  columns: number,
): string {
  if (differences.length === 0)
    return `${owner} decided ${outcome} in ${id}; replayed: the same, by ${rules.join(', ') || 'no rule'}`;
  const rows = differences.map(({ what, recorded, replayed }) => [what, said(recorded), said(replayed)]);
  return `receipt ${id} of ${owner} is not what its material comes to\n${table([['what', 'recorded', 'replayed'], ...rows], { columns, indent: 0 })}`;
}

const said = (value: unknown): string =>
  value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
