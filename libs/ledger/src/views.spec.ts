import { Cast, institutions, type Institution } from '@medshare/chaincode-region/cast.fixture';
import type { RequestState, View } from '@medshare/events/chain';
import { checkViews } from './check-views.js';
import { requestSubject, signView, verifyView } from './view.js';

const cast = new Cast();
const asker = cast.person('lakeside', 'p-ask', ['clinician']);
const wanted = cast.request(asker, 'harbor', { k: 1, of: [{ leaf: 'attending@harbor' }] });
const nonce = 'BBBBBBBBBBBBBBBBBBBBBA';
const open: RequestState = { request: wanted, approvals: [], grant: null };
const grant = { version: 1 as const, requestId: wanted.id, leaves: [], expiresAt: wanted.expiresAt };
const active: RequestState = { ...open, grant: { ...grant, grantedAt: cast.now, state: 'active' } };
const revoked: RequestState = { ...open, grant: { ...grant, state: 'revoked' } };

function view(institution: Institution, state: RequestState, change: Partial<View> = {}): View {
  const content = {
    version: 1 as const,
    region: 'east',
    kind: 'embedded' as const,
    subject: requestSubject(wanted.id),
    state,
    height: 7,
    blockHash: cast.digest('block 7'),
    time: cast.now,
    nonce,
    institution,
    ...change,
  };
  return signView(cast.region, cast.keys.get(institution)!.ledger.privateKey, content);
}
const check = (views: View[], rules: object = {}) => checkViews(cast.region, views, { now: cast.now, nonce, ...rules });

describe('views', () => {
  it('agree when a quorum signs one state', () => {
    expect(check([view('harbor', active), view('summit', active)])).toEqual({
      state: active,
      height: 7,
      institutions: ['harbor', 'summit'],
    });
  });

  it('bind every field by the signature of the member they name', () => {
    const good = view('harbor', active);
    expect(verifyView(cast.region, good)).toBe(true);
    for (const change of [
      { state: revoked },
      { height: 8 },
      { time: 1 },
      { institution: 'summit' },
      { kind: 'fabric' as const },
    ]) {
      expect(verifyView(cast.region, { ...good, ...change })).toBe(false);
      const brought = [view('lakeside', active), { ...good, ...change }];
      expect(() => check(brought)).toThrow(expect.objectContaining({ code: 'view.invalid' }));
    }
  });

  it('fall short of the quorum when members disagree, and the others are named', () => {
    expect(() => check([view('harbor', active), view('summit', open)])).toThrow(
      expect.objectContaining({ code: 'view.invalid', where: 'summit' }),
    );
    expect(() => check([view('harbor', active)])).toThrow(expect.objectContaining({ code: 'view.invalid' }));
    expect(() => check([view('harbor', active), view('harbor', active)])).toThrow(
      expect.objectContaining({ code: 'view.invalid', where: 'harbor' }),
    );
  });

  it('of different heights accuse nobody: who is behind is asked again', () => {
    const behind = view('summit', open, { height: 6, blockHash: cast.digest('block 6') });
    expect(() => check([view('harbor', active), behind])).toThrow(
      expect.objectContaining({ code: 'view.stale', where: 'summit' }),
    );
    const contradicts = view('lakeside', open);
    expect(() => check([view('harbor', active), contradicts, behind], { quorum: 3 })).toThrow(
      expect.objectContaining({ code: 'view.invalid' }),
    );
  });

  it('are stale when one member has seen a later block with another state: a revocation is not outvoted', () => {
    const ahead = view('summit', revoked, { height: 8, blockHash: cast.digest('block 8') });
    expect(() => check([view('harbor', active), view('lakeside', active), ahead])).toThrow(
      expect.objectContaining({ code: 'view.stale', where: 'harbor,lakeside' }),
    );
    const behind = view('summit', open, { height: 6, blockHash: cast.digest('block 6') });
    expect(check([view('harbor', active), view('lakeside', active), behind]).state).toEqual(active);
  });

  it('are refused when too old, from the future, for another nonce or subject, or of a fork', () => {
    const good = view('harbor', active);
    const { leaseMs, clockSkewMs } = cast.region;
    const cases: [Partial<View>, string][] = [
      [{ time: cast.now - leaseMs - 1 }, 'view.stale'],
      [{ time: cast.now + clockSkewMs + 1 }, 'view.invalid'],
      [{ nonce: 'CCCCCCCCCCCCCCCCCCCCCA' }, 'view.invalid'],
      [{ subject: requestSubject('D'.repeat(43)) }, 'view.invalid'],
      [{ region: 'west' }, 'view.invalid'],
      [{ blockHash: cast.digest('another block 7') }, 'view.invalid'],
    ];
    for (const [change, code] of cases) {
      const brought = [good, view('summit', active, change)];
      expect(() => check(brought)).toThrow(expect.objectContaining({ code, where: expect.stringContaining('summit') }));
    }
    expect(check([good, view('summit', active, { time: cast.now - leaseMs })]).institutions).toHaveLength(2);
  });

  it('say so when there is no such request', () => {
    const nothing: RequestState = { request: null, approvals: [], grant: null };
    const views = institutions.map((id) => view(id, nothing));
    expect(check(views, { quorum: 3 }).state).toEqual(nothing);
  });
});
