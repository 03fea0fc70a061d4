import type { Formula } from '@medshare/crypto/formula';
import type { Request } from '@medshare/events/chain';
import fc from 'fast-check';
import { Cast, start, type Institution, type Person } from './cast.fixture.js';

// Random sequences of what people do with one request, for the chaincode's laws on every host.

export const cast = new Cast();
export const leaves = ['attending@harbor', 'privacy-officer@harbor', 'ed@lakeside', 'custodian@summit', 'ed@summit'];
export const formula: Formula = {
  k: 1,
  of: [
    { k: 2, of: [{ leaf: leaves[0]! }, { leaf: leaves[1]! }, { leaf: leaves[3]! }] },
    { k: 2, of: [{ leaf: leaves[2]! }, { leaf: leaves[4]! }] },
  ],
};
const allRoles = ['attending', 'privacy-officer', 'ed', 'custodian', 'clinician'];
/** Few people with many roles, so that one person meets several leaves; the first is the requester. */
export const people: Person[] = (['lakeside', 'harbor', 'harbor', 'lakeside', 'summit', 'summit'] as Institution[]).map(
  (at, i) => cast.person(at, `p-${i}`, i === 3 ? ['clinician', 'ed'] : allRoles),
);
export const steps = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('approve' as const), who: fc.nat(5), leaf: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const), who: fc.nat(5), leaf: fc.constant(0) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('away' as const),
      who: fc.nat(5),
      leaf: fc.nat(4),
      also: fc.record({ who: fc.nat(5), leaf: fc.nat(4) }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      who: fc.integer({ min: 1, max: 4 }),
      leaf: fc.constant(0),
    }),
  },
);
export interface Place {
  who: number;
  leaf: number;
}
/** `away`: two approvals that were given without the chain come to it as evidence. */
export type Step = Place & { kind: 'approve' | 'revoke' | 'wait' | 'away'; also?: Place };

/** A call of the chaincode. */
export interface Call {
  creator: string;
  name: string;
  args: unknown;
}

/** What a step puts to the chaincode; `wait` puts nothing. */
export function callOf(wanted: Request, time: number, { kind, who, leaf, also }: Step): Call | undefined {
  if (kind === 'wait') return undefined;
  const places = [{ who, leaf }, ...(also ? [also] : [])];
  const away = (place: Place) => cast.awayApproval(people[place.who]!, wanted, leaves[place.leaf]!, time);
  const by = people[who]!;
  const creator = by.certificate.institution;
  if (kind === 'approve') return { creator, name: 'approve', args: cast.approval(by, wanted, leaves[leaf]!) };
  if (kind === 'revoke') return { creator, name: 'revoke', args: cast.revocation(by, wanted) };
  return { creator, name: 'emergency', args: { request: wanted, approvals: places.map(away) } };
}

/** The request that a sequence is about. */
export const wantedRequest = (emergency: boolean): Request =>
  emergency ? cast.emergency(people[0]!, 'harbor', formula) : cast.request(people[0]!, 'harbor', formula);

export { start };
