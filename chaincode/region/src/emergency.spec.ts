import type { EmergencyEvidence, EmergencyRecord, Grant } from '@medshare/events/chain';
import { Cast, start } from './cast.fixture.js';
import { keys } from './keys.js';
import { MemoryHost } from './memory-host.fixture.js';

const hour = 3_600_000;
const members = ['harbor', 'lakeside', 'summit'];
const formula = {
  k: 1,
  of: [
    { k: 2, of: [{ leaf: 'attending@harbor' }, { leaf: 'privacy-officer@harbor' }] },
    { k: 2, of: members.map((id) => ({ leaf: `ed@${id}` })) },
  ],
};

describe.each(['intl', 'sm'] as const)('an emergency in suite %s', (suite) => {
  const cast = new Cast(suite);
  const asker = cast.person('lakeside', 'p-ask', ['ed']);
  const [edHarbor, edLakeside, edSummit] = (['harbor', 'lakeside', 'summit'] as const).map((at) =>
    cast.person(at, `p-ed-${at}`, ['ed']),
  ) as [ReturnType<Cast['person']>, ReturnType<Cast['person']>, ReturnType<Cast['person']>];
  const wanted = cast.emergency(asker, 'harbor', formula);
  const evidence = (change: Partial<EmergencyEvidence> = {}): EmergencyEvidence => ({
    request: wanted,
    approvals: [cast.awayApproval(edHarbor, wanted, 'ed@harbor'), cast.awayApproval(edSummit, wanted, 'ed@summit')],
    release: cast.awayRelease(wanted, 'ed@summit'),
    ...change,
  });
  let host: MemoryHost;
  const record = (given: unknown, time = start + hour, creator = 'summit') =>
    host.run(creator, 'emergency', given, time);
  const refusedWith = (code: string) => expect.objectContaining({ code });
  const grant = () => host.read<Grant>(keys.grant(wanted.id));

  beforeEach(async () => {
    host = new MemoryHost();
    await host.run('harbor', 'init', cast.region, 0);
  });

  describe('with the chain there', () => {
    const approve = (by: typeof asker, request: typeof wanted, leaf: string) =>
      host.run(by.certificate.institution, 'approve', cast.approval(by, request, leaf), start);

    it('is granted by two emergency departments, for a short time', async () => {
      await host.run('lakeside', 'request', wanted, start);
      expect(await approve(edHarbor, wanted, 'ed@harbor')).toEqual({ granted: false });
      expect(await approve(edLakeside, wanted, 'ed@lakeside')).toEqual({ granted: true });
      expect(grant()).toMatchObject({ state: 'active', expiresAt: start + 4 * hour });
      expect(grant()).not.toHaveProperty('lateMs');
    });

    it('is not approved by who asked, and its branch serves nothing else', async () => {
      await host.run('lakeside', 'request', wanted, start);
      await expect(approve(asker, wanted, 'ed@lakeside')).rejects.toEqual(refusedWith('access.self-approval'));
      const ordinary = cast.request(asker, 'harbor', formula, {}, 'another deal');
      await host.run('lakeside', 'request', ordinary, start);
      await expect(approve(edHarbor, ordinary, 'ed@harbor')).rejects.toEqual(refusedWith('access.not-a-leaf'));
    });

    it('needs a reason, and nothing else has one', async () => {
      const { emergency, ...bare } = wanted.ask;
      for (const ask of [bare, { ...wanted.ask, purpose: 'TREAT', emergency }]) {
        const request = { ...wanted, ask, askSignature: cast.sign(asker.privateKey, 'ask', ask) };
        await expect(host.run('lakeside', 'request', request, start)).rejects.toEqual(
          refusedWith('access.reason-missing'),
        );
      }
    });

    it('lives no longer than the region lets an emergency live', async () => {
      const short = new Cast(suite, { limits: { ...cast.region.limits, emergencyMs: 2 * hour } });
      const own = new MemoryHost();
      await own.run('harbor', 'init', short.region, 0);
      await expect(own.run('lakeside', 'request', wanted, start)).rejects.toEqual(refusedWith('ledger.refused'));
      await own.run('lakeside', 'request', { ...wanted, expiresAt: start + 2 * hour }, start);
    });
  });

  describe('with the chain away', () => {
    it('is written down late, once, and becomes an ordinary grant while it lives', async () => {
      expect(await record(evidence())).toEqual({ requestId: wanted.id, lateMs: hour });
      expect(host.read<EmergencyRecord>(keys.emergency(wanted.id))).toMatchObject({
        leaves: ['ed@harbor', 'ed@summit'],
        grantedAt: start,
        recordedAt: start + hour,
        recordedBy: 'summit',
        lateMs: hour,
      });
      expect(grant()).toMatchObject({ state: 'active', grantedAt: start, lateMs: hour, expiresAt: wanted.expiresAt });
      expect(host.events.map(({ name }) => name)).toEqual(['emergency']);
      const before = host.dump();
      await record(evidence(), start + 2 * hour);
      expect([host.dump(), host.written.size]).toEqual([before, 0]);
    });

    it('adds what other custodians bring, and tells it once', async () => {
      await record(evidence());
      const more = evidence({ release: cast.awayRelease(wanted, 'ed@harbor') });
      await record(more, start + 2 * hour, 'harbor');
      expect([...host.written.keys()]).toEqual([keys.emergencyRelease(more.release!)]);
      expect(host.events).toHaveLength(1);
      expect(host.read<EmergencyRecord>(keys.emergency(wanted.id))).toMatchObject({ recordedBy: 'summit' });
    });

    it('is revoked like any other, by its approvers too', async () => {
      await record(evidence());
      await host.run('summit', 'revoke', cast.revocation(edSummit, wanted), start + hour);
      expect(grant()).toMatchObject({ state: 'revoked', leaves: ['ed@harbor', 'ed@summit'], lateMs: hour });
      await record(evidence({ release: cast.awayRelease(wanted, 'ed@harbor') }));
      expect(grant()).toMatchObject({ state: 'revoked' });
    });

    it('keeps its leaves when the chain adds one', async () => {
      await record(evidence());
      await host.run('lakeside', 'approve', cast.approval(edLakeside, wanted, 'ed@lakeside'), start + hour);
      expect(grant()).toMatchObject({ leaves: ['ed@harbor', 'ed@lakeside', 'ed@summit'], lateMs: hour });
      const again = cast.approval(cast.person('harbor', 'p-other', ['ed']), wanted, 'ed@harbor');
      await expect(host.run('harbor', 'approve', again, start + hour)).rejects.toEqual(refusedWith('ledger.refused'));
    });

    it('is written down after it expired, and grants nothing then', async () => {
      await record(evidence(), start + 90 * hour);
      expect(host.read(keys.emergency(wanted.id))).toMatchObject({ lateMs: 90 * hour });
      expect(grant()).toBeUndefined();
    });

    const ordinary = cast.request(asker, 'harbor', formula);
    const old = cast.person('harbor', 'p-old', ['ed'], { notAfter: start });
    const wrong = cast.person('harbor', 'p-wrong', ['attending']);
    const longer = { ...wanted, expiresAt: start + 5 * hour };
    const other = cast.emergency(asker, 'harbor', formula, {}, 'another deal');
    const both = cast.person('summit', 'p-ed-summit', ['ed']);
    const ed = (by: ReturnType<Cast['person']>, leaf: string, at?: number) => cast.awayApproval(by, wanted, leaf, at);

    it.each<[string, Partial<EmergencyEvidence>, string]>([
      ['of a request that is no emergency', { request: ordinary }, 'ledger.refused'],
      ['of a request that outlives its ask', { request: longer }, 'ledger.refused'],
      ['of an ask that was not signed', { request: { ...wanted, askSignature: 'A'.repeat(86) } }, 'access.forged'],
      ['of one institution alone', { approvals: [ed(edSummit, 'ed@summit')] }, 'access.incomplete'],
      [
        'with the asker’s own approval',
        { approvals: [ed(edHarbor, 'ed@harbor'), ed(asker, 'ed@lakeside')] },
        'access.self-approval',
      ],
      [
        'with a leaf filled twice',
        { approvals: [ed(edSummit, 'ed@summit'), ed(cast.person('summit', 'p-2', ['ed']), 'ed@summit')] },
        'ledger.refused',
      ],
      [
        'with one person twice',
        { approvals: [ed(edSummit, 'ed@summit'), ed(both, 'ed@summit')] },
        'access.person-twice',
      ],
      ['with another role', { approvals: [ed(wrong, 'ed@harbor'), ed(edSummit, 'ed@summit')] }, 'access.not-a-leaf'],
      [
        'with a certificate that had ended',
        { approvals: [ed(old, 'ed@harbor'), ed(edSummit, 'ed@summit')] },
        'access.expired',
      ],
      [
        'approved in the future',
        { approvals: [ed(edHarbor, 'ed@harbor', start + 3 * hour), ed(edSummit, 'ed@summit')] },
        'ledger.refused',
      ],
      [
        'approved before it was asked',
        { approvals: [ed(edHarbor, 'ed@harbor', start - 60_000), ed(edSummit, 'ed@summit')] },
        'ledger.refused',
      ],
      [
        'approved after it had expired',
        { approvals: [ed(edHarbor, 'ed@harbor', wanted.expiresAt), ed(edSummit, 'ed@summit')] },
        'ledger.refused',
      ],
      [
        'approved for another request',
        { approvals: [cast.awayApproval(edHarbor, other, 'ed@harbor'), ed(edSummit, 'ed@summit')] },
        'access.forged',
      ],
      [
        'approved for the chain',
        {
          approvals: [
            { ...ed(edHarbor, 'ed@harbor'), signature: cast.approval(edHarbor, wanted, 'ed@harbor').signature },
            ed(edSummit, 'ed@summit'),
          ],
        },
        'access.forged',
      ],
      [
        'with a release of a leaf that did not approve',
        { release: cast.awayRelease(wanted, 'ed@lakeside') },
        'access.incomplete',
      ],
      [
        'with a release that another signed',
        {
          release: {
            ...cast.awayRelease(wanted, 'ed@summit'),
            signature: cast.awayRelease(wanted, 'ed@harbor').signature,
          },
        },
        'access.forged',
      ],
      [
        'with a release of other capsules',
        { release: { ...cast.awayRelease(wanted, 'ed@summit'), capsules: 1 } },
        'access.forged',
      ],
    ])('refuses evidence %s', async (_, change, code) => {
      await expect(record(evidence(change))).rejects.toEqual(refusedWith(code));
      expect([...host.entries.keys()]).toEqual(['region']);
    });

    it('refuses who has no part in it, and another request under its id', async () => {
      const narrow = cast.emergency(asker, 'harbor', {
        k: 2,
        of: ['ed@harbor', 'custodian@harbor'].map((leaf) => ({ leaf })),
      });
      await expect(
        record({ request: narrow, approvals: [cast.awayApproval(edHarbor, narrow, 'ed@harbor')] }),
      ).rejects.toEqual(expect.objectContaining({ code: 'ledger.refused', where: 'request' }));
      await host.run('lakeside', 'request', { ...wanted, issuedAt: start + 1 }, start);
      await expect(record(evidence())).rejects.toEqual(refusedWith('ledger.refused'));
    });
  });
});
