import { mspOf } from '../institution-of.js';
import type { Reachability } from '../ledger.port.js';
import type { Connection } from './connection.js';
import type { FabricParts } from './settings.js';

/** What an organisation's chaincode server says of itself. */
export interface Described {
  readonly name: string;
  readonly version: string;
  /** Hash of the bundle it runs. */
  readonly bundle: string;
}

/** Asks one organisation's peer, which asks its chaincode server. @throws whatever the Gateway says */
export async function describeOrganisation(
  { gateway, access }: Connection,
  mspId: string,
  ms: number,
): Promise<Described> {
  const contract = gateway.getNetwork(access.channel).getContract(access.chaincode);
  const proposal = contract.newProposal('$describe', { arguments: ['null'], endorsingOrganizations: [mspId] });
  const answer = await proposal.evaluate({ deadline: Date.now() + ms });
  return JSON.parse(Buffer.from(answer).toString('utf8')) as Described;
}

/**
 * Whether enough organisations would endorse now, and whether the ordering service takes transactions. Never rejects for who is away.
 * Who runs other code than our own organisation does is reported: on the way from one release to the next that is so for a while.
 *
 * @param told what was reported before, and is not again
 */
export async function reachOrganisations(
  { region, settings, institution, onFinding }: FabricParts,
  connection: Connection,
  ordering: { isHere(): Promise<boolean> },
  { height, told }: { height: number; told: Set<string> },
): Promise<Reachability> {
  const asked = region.members.map(async (member) => {
    const there = await describeOrganisation(connection, mspOf(member), settings.pingMs).catch(() => undefined);
    return { id: member.id, there };
  });
  const [answers, orders] = [await Promise.all(asked), await ordering.isHere()];
  const own = answers.find(({ id }) => id === institution)?.there?.bundle;
  for (const { id, there } of answers) {
    if (own === undefined || there === undefined || there.bundle === own || told.has(`${id} ${there.bundle}`)) continue;
    told.add(`${id} ${there.bundle}`);
    const detail = `it runs the code ${there.bundle.slice(0, 16)}, we run ${own.slice(0, 16)}`;
    onFinding({ institution: id, code: 'ledger.chaincode-mismatch', detail });
  }
  const away = answers.filter(({ there }) => there === undefined).map(({ id }) => id);
  const enough = answers.length - away.length >= region.endorsements;
  return { reachable: enough && orders, height, away: orders ? away : [...away, 'orderers'] };
}
