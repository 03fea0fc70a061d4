import type { Grant } from '@medshare/events/chain';
import { Cast, start, type Person } from './cast.fixture.js';
import { keys } from './keys.js';
import { MemoryHost } from './memory-host.fixture.js';

const hour = 3_600_000;
const formula = {
  k: 2,
  of: [{ leaf: 'attending@harbor' }, { leaf: 'privacy-officer@harbor' }, { leaf: 'custodian@lakeside' }],
};

describe.each(['intl', 'sm'] as const)('requests, approvals, grants in suite %s', (suite) => {
  const cast = new Cast(suite);
  const asker = cast.person('lakeside', 'p-ask', ['clinician']);
  const attending = cast.person('harbor', 'p-att', ['attending']);
  const officer = cast.person('harbor', 'p-off', ['privacy-officer']);
  const custodian = cast.person('lakeside', 'svc', ['custodian'], { kind: 'service' });
  const wanted = cast.request(asker, 'harbor', formula);
  let host: MemoryHost;

  const approve = (by: Person, leaf: string, time = start) =>
    host.run(by.certificate.institution, 'approve', cast.approval(by, wanted, leaf), time);
  const grant = () => host.read<Grant>(keys.grant(wanted.id));
  const refusedWith = (code: string) => expect.objectContaining({ code });

  beforeEach(async () => {
    host = new MemoryHost();
    await host.run('harbor', 'init', cast.region, 0);
    await host.run('lakeside', 'request', wanted, start);
  });

  it('grants in the transaction of the approval that completes the formula', async () => {
    expect(await approve(attending, 'attending@harbor')).toEqual({ granted: false });
    expect(grant()).toBeUndefined();
    expect(await approve(custodian, 'custodian@lakeside', start + 5)).toEqual({ granted: true });
    expect([...host.written.keys()].sort()).toEqual([
      keys.approval(wanted.id, 'custodian@lakeside'),
      keys.grant(wanted.id),
    ]);
    expect(grant()).toMatchObject({
      state: 'active',
      leaves: ['attending@harbor', 'custodian@lakeside'],
      grantedAt: start + 5,
      expiresAt: wanted.expiresAt,
    });
    await approve(officer, 'privacy-officer@harbor', start + 9);
    expect(grant()).toMatchObject({ grantedAt: start + 5, leaves: expect.arrayContaining(['privacy-officer@harbor']) });
    expect(host.events.filter(({ name }) => name === 'granted')).toHaveLength(1);
  });

  it('takes the same request and the same approval again without a change', async () => {
    await approve(attending, 'attending@harbor');
    const before = host.dump();
    await host.run('harbor', 'request', wanted, start + 1);
    await approve(attending, 'attending@harbor', start + 20 * hour);
    expect(host.dump()).toBe(before);
    expect(host.written.size).toBe(0);
  });

  it('refuses who approves their own request, fills two leaves, or holds none', async () => {
    const self = cast.person('lakeside', 'p-ask', ['custodian']);
    await expect(approve(self, 'custodian@lakeside')).rejects.toEqual(refusedWith('access.self-approval'));
    const both = cast.person('harbor', 'p-both', ['attending', 'privacy-officer']);
    await approve(both, 'attending@harbor');
    await expect(approve(both, 'privacy-officer@harbor')).rejects.toEqual(refusedWith('access.person-twice'));
    await expect(approve(officer, 'ed@harbor')).rejects.toEqual(refusedWith('access.not-a-leaf'));
    const elsewhere = cast.person('summit', 'p-x', ['privacy-officer']);
    await expect(approve(elsewhere, 'privacy-officer@harbor')).rejects.toEqual(refusedWith('access.not-a-leaf'));
    const service = cast.person('harbor', 'svc', ['privacy-officer'], { kind: 'service' });
    await expect(approve(service, 'privacy-officer@harbor')).rejects.toEqual(refusedWith('access.not-a-leaf'));
    const other = cast.person('harbor', 'p-att2', ['attending']);
    await expect(approve(other, 'attending@harbor')).rejects.toEqual(refusedWith('ledger.refused'));
    expect(grant()).toBeUndefined();
  });

  it('refuses certificates and signatures that do not hold', async () => {
    const { certificate, privateKey } = attending;
    const raised = { certificate: { ...officer.certificate, roles: ['attending'] }, privateKey };
    await expect(approve(raised, 'attending@harbor')).rejects.toEqual(refusedWith('access.forged'));
    const stolen = { certificate, privateKey: officer.privateKey };
    await expect(approve(stolen, 'attending@harbor')).rejects.toEqual(refusedWith('access.forged'));
    const old = cast.person('harbor', 'p-old', ['attending'], { notAfter: start });
    await expect(approve(old, 'attending@harbor')).rejects.toEqual(refusedWith('access.expired'));
    const long = cast.person('harbor', 'p-long', ['attending'], { notAfter: start + 900 * hour });
    await expect(approve(long, 'attending@harbor')).rejects.toEqual(refusedWith('ledger.refused'));
    const moved = { ...cast.approval(attending, wanted, 'privacy-officer@harbor'), leaf: 'attending@harbor' };
    await expect(host.run('harbor', 'approve', moved, start)).rejects.toEqual(refusedWith('access.forged'));
  });

  it('judges expiry at the time of the transaction', async () => {
    await approve(attending, 'attending@harbor');
    await expect(approve(officer, 'privacy-officer@harbor', wanted.expiresAt)).rejects.toEqual(
      refusedWith('access.expired'),
    );
    expect(grant()).toBeUndefined();
  });

  it('is revoked by requester, approver and the owner’s privacy officer, for good', async () => {
    await approve(attending, 'attending@harbor');
    for (const by of [asker, attending, officer]) {
      const own = new MemoryHost();
      host.entries.forEach((value, key) => own.entries.set(key, value));
      await own.run('harbor', 'revoke', cast.revocation(by, wanted), start + 7);
      expect(own.read<Grant>(keys.grant(wanted.id))).toMatchObject({ state: 'revoked', revokedAt: start + 7 });
      expect(own.read<Grant>(keys.grant(wanted.id))).not.toHaveProperty('grantedAt');
      const late = own.run('lakeside', 'approve', cast.approval(custodian, wanted, 'custodian@lakeside'), start + 8);
      await expect(late).rejects.toEqual(refusedWith('access.revoked'));
      await own.run('harbor', 'revoke', cast.revocation(officer, wanted, 'misuse'), start + 9);
      expect(own.written.size).toBe(0);
    }
    const stranger = cast.person('summit', 'p-s', ['privacy-officer']);
    const refused = host.run('summit', 'revoke', cast.revocation(stranger, wanted), start);
    await expect(refused).rejects.toEqual(refusedWith('access.denied'));
    const forged = { ...cast.revocation(asker, wanted), reason: 'misuse' };
    await expect(host.run('lakeside', 'revoke', forged, start)).rejects.toEqual(refusedWith('access.forged'));
  });

  it.each([
    ['another id', { id: 'B'.repeat(43) }, 'ledger.refused'],
    ['an ask that was not signed', { askSignature: 'A'.repeat(86) }, 'access.forged'],
    ['a life beyond the ask', { expiresAt: start + 11 * hour }, 'ledger.refused'],
    ['no life left', { expiresAt: start }, 'access.expired'],
    ['a leaf at no member', { formula: { leaf: 'ed@nowhere' } }, 'ledger.refused'],
    ['a formula that is none', { formula: { k: 3, of: [{ leaf: 'ed@harbor' }] } }, 'ledger.refused'],
    ['an owner that is no member', { institution: 'nowhere' }, 'ledger.refused'],
    ['a field too many', { patient: 'x' }, 'ledger.refused'],
  ])('refuses a request with %s', async (_, change, code) => {
    const fresh = cast.request(asker, 'harbor', formula, change as object, 'another deal');
    await expect(host.run('lakeside', 'request', fresh, start)).rejects.toEqual(refusedWith(code));
    expect(host.read(keys.request(fresh.id))).toBeUndefined();
  });

  it('refuses a request that neither party submits, or a service makes', async () => {
    const fresh = cast.request(asker, 'harbor', formula, {}, 'another deal');
    await expect(host.run('summit', 'request', fresh, start)).rejects.toEqual(refusedWith('ledger.refused'));
    const byService = cast.request(custodian, 'harbor', formula, {}, 'another deal');
    await expect(host.run('lakeside', 'request', byService, start)).rejects.toEqual(refusedWith('ledger.refused'));
  });
  describe('where people must approve', () => {
    const either = {
      k: 1,
      of: [
        { k: 2, of: [{ leaf: 'custodian@lakeside' }, { leaf: 'custodian@summit' }] },
        { k: 2, of: [{ leaf: 'privacy-officer@harbor' }, { leaf: 'witness@lakeside' }] },
      ],
    };
    const service = (at: 'lakeside' | 'summit') =>
      cast.person(at, 'svc', ['custodian', 'witness'], { kind: 'service' });
    const brought = async (change: object, deal: string) => {
      const asked = cast.request(asker, 'harbor', either, change, deal);
      await host.run('lakeside', 'request', asked, start);
      const give = (by: Person, leaf: string) =>
        host.run(by.certificate.institution, 'approve', cast.approval(by, asked, leaf), start);
      return { asked, give };
    };

    it('refuses services the alternative that they fill among themselves', async () => {
      const { give } = await brought({ approval: 'required' }, 'a');
      for (const at of ['lakeside', 'summit'] as const)
        await expect(give(service(at), `custodian@${at}`)).rejects.toEqual(refusedWith('access.not-a-leaf'));
      expect(await give(service('lakeside'), 'witness@lakeside')).toEqual({ granted: false });
      expect(await give(officer, 'privacy-officer@harbor')).toEqual({ granted: true });
    });

    it('lets them fill it where nobody has to approve, as before there was a word for it', async () => {
      const { give } = await brought({}, 'b');
      expect(await give(service('lakeside'), 'custodian@lakeside')).toEqual({ granted: false });
      expect(await give(service('summit'), 'custodian@summit')).toEqual({ granted: true });
    });

    it('refuses a request whose formula has no place for them', async () => {
      const only = { k: 2, of: [{ leaf: 'custodian@lakeside' }, { leaf: 'custodian@summit' }] };
      const fresh = cast.request(asker, 'harbor', only, { approval: 'required' }, 'c');
      await expect(host.run('lakeside', 'request', fresh, start)).rejects.toEqual(refusedWith('ledger.refused'));
    });
  });
});
