import { fromBase64url, suite, verifyDocument } from '@medshare/crypto/portable';
import type { Ask, StaffCertificate } from '@medshare/events';
import { generateStaffKey, requestCertificate, signApproval, signAsk, signRevocation } from './staff-key.js';

describe.each(['intl', 'sm'] as const)('a staff key of suite %s', (name) => {
  const key = generateStaffKey(name);
  const holds = (type: string, value: unknown, signature: string) =>
    verifyDocument(suite(name), fromBase64url(key.publicKey), type, 1, value as never, signature);
  const certificate = { person: 'p' } as StaffCertificate;

  it('proves its possession at a time', () => {
    const { proof, ...content } = requestCertificate(key, 1_000);
    expect(content).toEqual({ publicKey: key.publicKey, time: 1_000 });
    expect(holds('certificate-request', content, proof)).toBe(true);
    expect(holds('certificate-request', { ...content, time: 1_001 }, proof)).toBe(false);
  });

  it('signs asks, approvals and revocations, each as its own type', () => {
    const ask = { askId: 'a', nonce: 'n' } as Ask;
    const content = { requestId: 'r', requestHash: 'h' };
    const approval = signApproval(key, certificate, { ...content, leaf: 'ed@harbor' });
    const revocation = signRevocation(key, certificate, { ...content, reason: 'misuse' });
    expect(holds('ask', ask, signAsk(key, ask))).toBe(true);
    expect(holds('approval', { ...content, leaf: 'ed@harbor' }, approval.signature)).toBe(true);
    expect(holds('approval', { ...content, leaf: 'ed@summit' }, approval.signature)).toBe(false);
    expect(holds('revocation', { ...content, reason: 'misuse' }, revocation.signature)).toBe(true);
    expect(holds('approval', { ...content, reason: 'misuse' }, revocation.signature)).toBe(false);
    expect(revocation).toMatchObject({ certificate, reason: 'misuse' });
  });

  it('is made anew each time', () => {
    expect(generateStaffKey(name).privateKey).not.toBe(key.privateKey);
  });
});
