import { Cast } from '@medshare/chaincode-region/cast.fixture';
import type { Connection } from './connection.js';
import { reachOrganisations } from './reach-organisations.js';
import { defaultSettings, type FabricParts } from './settings.js';

const { region } = new Cast('intl', {}, Date.now());
const description = (bundle: string) => ({ name: 'region', version: '1', bundle });
const [ours, other, third] = ['aa', 'bb', 'cc'].map((byte) => description(byte.repeat(32)));

/** @param answers what each organisation's chaincode server says, by MSP id */
const connectionOf = (answers: Record<string, unknown>) =>
  ({
    access: { channel: 'east', chaincode: 'region' },
    gateway: {
      getNetwork: () => ({
        getContract: () => ({
          newProposal: (_: string, { endorsingOrganizations: [mspId] }: { endorsingOrganizations: string[] }) => ({
            evaluate: () => Promise.resolve(Buffer.from(JSON.stringify(answers[mspId!]))),
          }),
        }),
      }),
    },
  }) as unknown as Connection;

describe('who is reached', () => {
  const told = new Map<string, string>();
  const findings: unknown[] = [];
  const reach = (answers: Record<string, unknown>) => {
    findings.length = 0;
    const parts = {
      region,
      settings: defaultSettings,
      institution: 'harbor',
      onFinding: (one: unknown) => findings.push(one),
    };
    const ordering = { isHere: () => Promise.resolve(false) };
    return reachOrganisations(parts as unknown as FabricParts, connectionOf(answers), ordering, { height: 3, told });
  };
  const [harbor, lakeside, summit] = region.members.map(({ mspId, id }) => mspId ?? id) as [string, string, string];

  it.each([
    ['nothing', null],
    ['a word', 'away'],
    ['a number for its bundle', { ...ours, bundle: 7 }],
    ['a megabyte for its bundle', { ...ours, bundle: 'x'.repeat(1e6) }],
  ])('is not who answers %s, and nothing is thrown', async (_, nonsense) => {
    const answer = await reach({ [harbor]: ours, [lakeside]: nonsense, [summit]: ours });
    expect(answer).toEqual({ reachable: false, height: 3, away: ['lakeside', 'orderers'] });
    expect(findings).toEqual([]);
  });

  it('is named once for each change of what it runs', async () => {
    const counts = [];
    for (const there of [other, other, third, third, other]) {
      await reach({ [harbor]: ours, [lakeside]: there, [summit]: ours });
      counts.push(findings.length);
    }
    expect(counts).toEqual([1, 0, 1, 0, 1]);
    expect(told.size).toBe(1);
  });
});
