import { policyOf, sequenceToApprove, type Committed } from './definition.js';

const member = (id: string) => ({ id }) as Parameters<typeof policyOf>[0]['members'][number];
const policy = policyOf({ members: [member('harbor'), member('summit')], endorsements: 2 });
const committed: Committed = { version: '2', sequence: 4, policy, approvals: { harbor: true, summit: false } };

describe('the sequence that an approval is for', () => {
  it('is the first where nothing is in effect', () => {
    expect(sequenceToApprove(undefined, { version: '2', policy }, 'summit')).toBe(1);
  });

  it('is the one in effect for who has not approved it', () => {
    expect(sequenceToApprove(committed, { version: '2', policy }, 'summit')).toBe(4);
    expect(sequenceToApprove(committed, { version: '2', policy }, 'pier')).toBe(4);
  });

  it('is the next for who has, and for another version or policy', () => {
    const grown = policyOf({ members: [member('harbor'), member('summit'), member('pier')], endorsements: 2 });
    expect(sequenceToApprove(committed, { version: '2', policy }, 'harbor')).toBe(5);
    expect(sequenceToApprove(committed, { version: '3', policy }, 'summit')).toBe(5);
    expect(sequenceToApprove(committed, { version: '2', policy: grown }, 'summit')).toBe(5);
  });
});
