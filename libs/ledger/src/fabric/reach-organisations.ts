import { z } from 'zod';
import { mspOf } from '../institution-of.js';
import type { Reachability } from '../ledger.port.js';
import type { Connection } from './connection.js';
import type { FabricParts } from './settings.js';

/** What an organisation's chaincode server says of itself; it may say anything. */
const described = z.object({
  name: z.string().max(100),
  version: z.string().max(100),
  /** SHA-256 of the bundle it runs */
  bundle: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Described = Readonly<z.infer<typeof described>>;

/** Asks one organisation's peer, which asks its chaincode server. @throws whatever the Gateway says, and when it is no description */
export async function describeOrganisation(
  { gateway, access }: Connection,
  mspId: string,
  ms: number,
): Promise<Described> {
  const contract = gateway.getNetwork(access.channel).getContract(access.chaincode);
  const proposal = contract.newProposal('$describe', { arguments: ['null'], endorsingOrganizations: [mspId] });
  const answer = await proposal.evaluate({ deadline: Date.now() + ms });
  return described.parse(JSON.parse(Buffer.from(answer).toString('utf8')));
}

/**
 * Whether enough organisations would endorse now, and whether the ordering service takes transactions. Never rejects for who is away.
 * Who runs other code than our own organisation does is reported: on the way from one release to the next that is so for a while.
 *
 * @param told of which bundle of an institution was reported last, and is not again
 */
export async function reachOrganisations(
  { region, settings, institution, onFinding }: FabricParts,
  connection: Connection,
  ordering: { isHere(): Promise<boolean> },
  { height, told }: { height: number; told: Map<string, string> },
): Promise<Reachability> {
  const asked = region.members.map(async (member) => {
    const there = await describeOrganisation(connection, mspOf(member), settings.pingMs).catch(() => undefined);
    return { id: member.id, there };
  });
  const [answers, orders] = [await Promise.all(asked), await ordering.isHere()];
  const own = answers.find(({ id }) => id === institution)?.there?.bundle;
  for (const { id, there } of answers) {
    if (own === undefined || there === undefined || there.bundle === own || told.get(id) === there.bundle) continue;
    told.set(id, there.bundle);
    const detail = `it runs the code ${there.bundle.slice(0, 16)}, we run ${own.slice(0, 16)}`;
    onFinding({ institution: id, code: 'ledger.chaincode-mismatch', detail });
  }
  const away = answers.filter(({ there }) => there === undefined).map(({ id }) => id);
  const enough = answers.length - away.length >= region.endorsements;
  return { reachable: enough && orders, height, away: orders ? away : [...away, 'orderers'] };
}
