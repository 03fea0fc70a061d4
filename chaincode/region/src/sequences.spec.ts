import { satisfies } from '@medshare/crypto/formula';
import type { Grant, Request } from '@medshare/events/chain';
import { isProblem } from '@medshare/problems';
import fc from 'fast-check';
import { keys } from './keys.js';
import { MemoryHost } from './memory-host.fixture.js';
import { refusals } from './refusal.js';
import {
  callOf,
  cast,
  formula,
  leaves,
  people,
  start,
  steps,
  wantedRequest,
  type Place,
  type Step,
} from './sequences.fixture.js';

/** What a careful clerk with a list of rules would keep. */
class Clerk {
  readonly filled = new Map<string, number>();
  /** leaf and person of what was approved without the chain */
  readonly away = new Map<string, Place>();
  revoked = false;
  /** Leaves of the grant. */
  granted: Set<string> | undefined;
  recorded = false;
  tellings = 0;
  time = start;

  constructor(
    readonly wanted: Request,
    readonly emergency: boolean,
  ) {}

  private mayFill({ who, leaf }: Place): boolean {
    const { institution, roles } = people[who]!.certificate;
    const [role, at] = leaves[leaf]!.split('@') as [string, string];
    return who !== 0 && institution === at && roles.includes(role) && (role !== 'ed' || this.emergency);
  }

  approve(who: number, leaf: number): void {
    const others = [...this.away.values()];
    const name = leaves[leaf]!;
    const refused =
      this.revoked ||
      this.time >= this.wanted.expiresAt ||
      !this.mayFill({ who, leaf }) ||
      this.filled.has(name) ||
      others.some((other) => other.leaf === leaf || other.who === who) ||
      [...this.filled.values()].includes(who);
    if (refused) return;
    this.filled.set(name, who);
    const complete = satisfies(formula, new Set(this.filled.keys()));
    if (complete && !this.granted) this.tellings += 1;
    if (complete || this.granted) this.granted = new Set([...(this.granted ?? []), ...this.filled.keys()]);
  }

  evidence(given: readonly Place[]): void {
    const [one, other] = given as [Place, Place];
    const refused =
      !this.emergency ||
      !given.every((place) => this.mayFill(place)) ||
      one.who === other.who ||
      one.leaf === other.leaf ||
      this.time >= this.wanted.expiresAt ||
      !satisfies(formula, new Set(given.map(({ leaf }) => leaves[leaf]!)));
    if (refused) return;
    for (const { who, leaf } of given) this.away.set(`${leaf}/${who}`, { who, leaf });
    if (!this.recorded) this.first = given.map(({ leaf }) => leaves[leaf]!);
    this.recorded = true;
    if (!this.granted && !this.revoked) this.granted = new Set(this.first);
  }

  private first: string[] = [];

  revoke(who: number): void {
    const officer = who === 1 || who === 2;
    const approved = [...this.filled.values(), ...[...this.away.values()].map((one) => one.who)].includes(who);
    if (who === 0 || officer || approved) this.revoked = true;
  }
}

async function play(host: MemoryHost, clerk: Clerk, step: Step): Promise<void> {
  const { kind, who, leaf, also } = step;
  if (kind === 'wait') {
    clerk.time += who * 3_600_000;
    return;
  }
  const { wanted, time } = clerk;
  const { creator, name, args } = callOf(wanted, time, step)!;
  try {
    await host.run(creator, name, args, time);
  } catch (caught) {
    if (!isProblem(caught) || !(refusals as readonly string[]).includes(caught.code)) throw caught;
  }
  if (kind === 'approve') clerk.approve(who, leaf);
  else if (kind === 'revoke') clerk.revoke(who);
  else clerk.evidence([{ who, leaf }, ...(also ? [also] : [])]);
}

function compare(host: MemoryHost, { wanted, filled, away, revoked, granted, recorded, tellings }: Clerk): void {
  const grant = host.read<Grant>(keys.grant(wanted.id));
  const under = (prefix: string) => [...host.entries.keys()].filter((key) => key.startsWith(prefix)).sort();
  expect(under('approval/')).toEqual([...filled.keys()].sort().map((leaf) => keys.approval(wanted.id, leaf)));
  const persons = [...away.values()].map(({ who, leaf }) => `${leaves[leaf]!}/${people[who]!.certificate.person}`);
  expect(under('emergency-approval/')).toEqual(persons.map((one) => `emergency-approval/${wanted.id}/${one}`).sort());
  expect(host.read(keys.emergency(wanted.id)) !== undefined).toBe(recorded);
  expect(grant?.state).toBe(revoked ? 'revoked' : granted ? 'active' : undefined);
  expect(grant?.grantedAt !== undefined).toBe(granted !== undefined);
  if (granted) expect(grant!.leaves).toEqual([...granted].sort());
  expect(host.events.filter(({ name }) => name === 'granted')).toHaveLength(tellings);
}

describe('any sequence of approvals, revocations, late evidence and time', () => {
  it.each([false, true])(
    'comes to what the rules say, and its repetition changes nothing (emergency: %s)',
    async (emergency) => {
      const wanted = wantedRequest(emergency);
      const sequences = fc.asyncProperty(fc.array(steps, { maxLength: 24 }), async (given) => {
        const host = new MemoryHost();
        await host.run('harbor', 'init', cast.region, 0);
        await host.run('lakeside', 'request', wanted, start);
        const clerk = new Clerk(wanted, emergency);
        for (const one of given) {
          await play(host, clerk, one);
          compare(host, clerk);
        }
        const before = host.dump();
        const again = new Clerk(wanted, emergency);
        Object.assign(again, { time: clerk.time });
        for (const one of given.filter(
          ({ kind, who, leaf }) => kind === 'approve' && clerk.filled.get(leaves[leaf]!) === who,
        )) {
          await play(host, again, one);
        }
        expect(host.dump()).toBe(before);
      });
      await fc.assert(sequences, { numRuns: 60 });
    },
  );
});
