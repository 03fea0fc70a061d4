import { systemClock, systemRandom } from '@medshare/clock';
import { createAuthority, issueCertificate } from '@medshare/peers';
import { isLowS, withLowS } from './low-s.js';

const authority = await createAuthority({
  institution: 'harbor',
  validDays: 1,
  clock: systemClock,
  random: systemRandom,
});
const issue = () => issueCertificate(authority, { role: 'peer', hosts: ['localhost'], validDays: 1 });
const many = Array.from({ length: 40 });

it('tells the two kinds of signatures apart: of certificates made once, some have the larger s', async () => {
  const low = (await Promise.all(many.map(issue))).map(({ cert }) => isLowS(cert));
  // 2^-39 for all of one kind
  expect(new Set(low)).toEqual(new Set([true, false]));
});

it('makes certificates again until they have the smaller s', async () => {
  const made = await Promise.all(many.map(() => withLowS(issue, ({ cert }) => cert)));
  expect(made.every(({ cert }) => isLowS(cert))).toBe(true);
});
