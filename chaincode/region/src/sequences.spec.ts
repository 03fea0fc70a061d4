import { satisfies, type Formula } from '@medshare/crypto/formula';
import type { Grant } from '@medshare/events/chain';
import { isProblem } from '@medshare/problems';
import fc from 'fast-check';
import { Cast, start, type Institution, type Person } from './cast.fixture.js';
import { keys } from './keys.js';
import { MemoryHost } from './memory-host.fixture.js';
import { refusals } from './refusal.js';

const cast = new Cast();
const leaves = ['attending@harbor', 'privacy-officer@harbor', 'ed@lakeside', 'custodian@summit', 'ed@summit'];
const formula: Formula = {
  k: 1,
  of: [
    { k: 2, of: [{ leaf: leaves[0]! }, { leaf: leaves[1]! }, { leaf: leaves[3]! }] },
    { k: 2, of: [{ leaf: leaves[2]! }, { leaf: leaves[4]! }] },
  ],
};
const allRoles = ['attending', 'privacy-officer', 'ed', 'custodian', 'clinician'];
/** Few people with many roles, so that one person meets several leaves; the first is the requester. */
const people: Person[] = (['lakeside', 'harbor', 'harbor', 'lakeside', 'summit', 'summit'] as Institution[]).map(
  (at, i) => cast.person(at, `p-${i}`, i === 3 ? ['clinician'] : allRoles),
);
const wanted = cast.request(people[0]!, 'harbor', formula);

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('approve' as const), who: fc.nat(5), leaf: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const), who: fc.nat(5), leaf: fc.constant(0) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      who: fc.integer({ min: 1, max: 4 }),
      leaf: fc.constant(0),
    }),
  },
);
type Step = { kind: 'approve' | 'revoke' | 'wait'; who: number; leaf: number };

/** What a careful clerk with a list of rules would keep. */
class Clerk {
  readonly filled = new Map<string, number>();
  revoked = false;
  granted = false;
  time = start;

  approve(who: number, leaf: string): void {
    const { institution, roles } = people[who]!.certificate;
    const [role, at] = leaf.split('@') as [string, string];
    const refused =
      this.revoked ||
      this.time >= wanted.expiresAt ||
      who === 0 ||
      institution !== at ||
      !roles.includes(role) ||
      this.filled.has(leaf) ||
      [...this.filled.values()].includes(who);
    if (refused) return;
    this.filled.set(leaf, who);
    this.granted ||= satisfies(formula, new Set(this.filled.keys()));
  }

  revoke(who: number): void {
    const officer = who === 1 || who === 2;
    if (who === 0 || officer || [...this.filled.values()].includes(who)) this.revoked = true;
  }
}

async function play(host: MemoryHost, clerk: Clerk, { kind, who, leaf }: Step): Promise<void> {
  if (kind === 'wait') {
    clerk.time += who * 3_600_000;
    return;
  }
  const by = people[who]!;
  const args = kind === 'approve' ? cast.approval(by, wanted, leaves[leaf]!) : cast.revocation(by, wanted);
  try {
    await host.run(by.certificate.institution, kind, args, clerk.time);
  } catch (caught) {
    if (!isProblem(caught) || !(refusals as readonly string[]).includes(caught.code)) throw caught;
  }
  if (kind === 'approve') clerk.approve(who, leaves[leaf]!);
  else clerk.revoke(who);
}

function compare(host: MemoryHost, clerk: Clerk): void {
  const grant = host.read<Grant>(keys.grant(wanted.id));
  const approved = [...host.entries.keys()].filter((key) => key.startsWith('approval/'));
  expect(approved.sort()).toEqual([...clerk.filled.keys()].sort().map((leaf) => keys.approval(wanted.id, leaf)));
  expect(grant?.state).toBe(clerk.revoked ? 'revoked' : clerk.granted ? 'active' : undefined);
  expect(grant?.grantedAt !== undefined).toBe(clerk.granted);
  if (clerk.granted) expect(grant!.leaves).toEqual([...clerk.filled.keys()].sort());
  expect(host.events.filter(({ name }) => name === 'granted')).toHaveLength(clerk.granted ? 1 : 0);
}

describe('any sequence of approvals, revocations and time', () => {
  it('comes to what the rules say, and its repetition changes nothing', async () => {
    const sequences = fc.asyncProperty(fc.array(step, { maxLength: 24 }), async (steps) => {
      const host = new MemoryHost();
      await host.run('harbor', 'init', cast.region, 0);
      await host.run('lakeside', 'request', wanted, start);
      const clerk = new Clerk();
      for (const one of steps) {
        await play(host, clerk, one);
        compare(host, clerk);
      }
      const before = host.dump();
      const again = new Clerk();
      Object.assign(again, { time: clerk.time });
      for (const one of steps.filter(
        ({ kind, who, leaf }) => kind === 'approve' && clerk.filled.get(leaves[leaf]!) === who,
      )) {
        await play(host, again, one);
      }
      expect(host.dump()).toBe(before);
    });
    await fc.assert(sequences, { numRuns: 60 });
  });
});
