import { toBase64url } from '@medshare/crypto';
import { checkCertificate } from './check-certificate.js';
import { TestAccess } from './fixture/access.fixture.js';
import { IssueCertificate } from './issue-certificate.js';

describe('certifying a staff key', () => {
  let test: TestAccess;
  beforeAll(async () => void (test = await TestAccess.open()), 90_000);
  beforeEach(() => test.clear());
  afterAll(() => test.roles.close());

  const ask = (keys = test.context.suite.generateKeyPair(), time = test.roles.clock.now()) => {
    const content = { publicKey: toBase64url(keys.publicKey), time };
    return { ...content, proof: test.roles.sign(keys.privateKey, 'certificate-request', content) };
  };
  const wu = () => test.principal('dr.wu', 'offline_access', 'regulator', 'attending', 'custodian', 'clinician');

  it('certifies the roles that formulas know, under a pseudonym, and that verifies', async () => {
    const certificate = await test.certificates.toStaff(wu(), ask());
    expect(certificate).toMatchObject({ institution: 'harbor', kind: 'staff', roles: ['attending', 'clinician'] });
    // a point is in no base64url, so that chance writes no such name
    expect(JSON.stringify(certificate)).not.toContain('dr.wu');
    checkCertificate(test.context.region, certificate, test.roles.clock.now());
    expect(test.roles.audited).toMatchObject([{ action: 'certificate.issued' }]);
  });

  it('ends after a shift', async () => {
    const certificate = await test.certificates.toStaff(wu(), ask());
    const { region } = test.context;
    expect(() => checkCertificate(region, certificate, certificate.notAfter - 1)).not.toThrow();
    expect(() => checkCertificate(region, certificate, certificate.notAfter)).toThrow('access.expired');
    expect(certificate.notAfter - test.roles.clock.now()).toBe(12 * 3_600_000);
  });

  it('keeps a person’s pseudonym across keys and restarts; others have others', async () => {
    const [first, second] = [
      await test.certificates.toStaff(wu(), ask()),
      await test.certificates.toStaff(wu(), ask()),
    ];
    expect(second.person).toBe(first.person);
    expect(new IssueCertificate(test.context, test.store).pseudonym('dr.wu')).toBe(first.person);
    expect(test.certificates.pseudonym('dr.li')).not.toBe(first.person);
  });

  it('names a patient anew with every key, so that the chain links none of their asks', async () => {
    const mei = test.principal('mei.lin', 'patient');
    const [first, second] = [await test.certificates.toStaff(mei, ask()), await test.certificates.toStaff(mei, ask())];
    expect([first.roles, second.roles]).toEqual([['patient'], ['patient']]);
    expect(new Set([first.person, second.person, test.certificates.pseudonym('mei.lin')]).size).toBe(3);
    expect(test.certificates.personOf(mei, first.publicKey)).toBe(first.person);
    // who works here is no patient under the same account
    const both = await test.certificates.toStaff(test.principal('dr.wu', 'clinician', 'patient'), ask());
    expect(both).toMatchObject({ roles: ['clinician'], person: test.certificates.pseudonym('dr.wu') });
  });

  it('refuses who does not hold the key, an old proof, and a key that is no point', async () => {
    const genuine = ask();
    const other = toBase64url(test.context.suite.generateKeyPair().publicKey);
    for (const body of [
      { ...genuine, publicKey: other },
      { ...genuine, proof: 'A'.repeat(86) },
      { ...genuine, time: genuine.time + 1 },
      { ...genuine, publicKey: `_${'_'.repeat(43)}` },
    ])
      await expect(test.certificates.toStaff(wu(), body)).rejects.toMatchObject({ code: 'access.forged' });
    const old = ask(undefined, test.roles.clock.now() - 60_001);
    await expect(test.certificates.toStaff(wu(), old)).rejects.toMatchObject({ code: 'access.expired' });
    expect(await test.rows('certificate')).toEqual([]);
  });

  it('gives an overheard proof to nobody else, and the same person the certificate again', async () => {
    const body = ask();
    await test.certificates.toStaff(wu(), body);
    await test.certificates.toStaff(wu(), body);
    await expect(test.certificates.toStaff(test.principal('dr.li', 'clinician'), body)).rejects.toMatchObject({
      code: 'access.forged',
    });
    expect(await test.rows('certificate')).toHaveLength(1);
  });

  it('refuses who has no role to certify', async () => {
    const feed = test.principal('feed', 'integration-engineer', 'custodian');
    await expect(test.certificates.toStaff(feed, ask())).rejects.toMatchObject({ code: 'auth.forbidden' });
  });

  it('renews the service’s certificate well before it ends', () => {
    const first = test.certificates.toService();
    expect(test.certificates.toService()).toBe(first);
    test.roles.clock.advance(13 * 3_600_000);
    expect(test.certificates.toService().notAfter).toBeGreaterThan(first.notAfter);
  });
});
