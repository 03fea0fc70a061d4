import { problem } from '@medshare/problems';
import type { Reply } from './ask-organisation.js';
import type { Endorsed } from './endorsed.js';
import { deviations, judge } from './judge-replies.js';
import { refusalIn } from './refusal-text.js';

const endorsed = (institution: string, result: string, reads = 'same'): Reply => ({
  institution,
  kind: 'endorsed',
  endorsed: { result, reads } as Endorsed,
});
const refused = (institution: string, detail = 'no'): Reply => ({
  institution,
  kind: 'refused',
  problem: problem('ledger.refused', { detail }),
});
const none = (
  institution: string,
  code: 'ledger.unavailable' | 'ledger.clock' | 'ledger.chaincode-mismatch',
): Reply => ({
  institution,
  kind: 'none',
  problem: problem(code, { where: institution }),
});

describe('what organisations answer', () => {
  it('is decided by enough equal results, without waiting for the rest', () => {
    expect(judge([endorsed('a', '1')], 2, 2)).toBeUndefined();
    expect(judge([endorsed('a', '1'), endorsed('b', '1')], 1, 2)).toMatchObject({
      kind: 'agreed',
      institutions: ['a', 'b'],
    });
    expect(judge([none('c', 'ledger.unavailable'), endorsed('a', '1'), endorsed('b', '1')], 0, 2)?.kind).toBe('agreed');
  });

  it('is a refusal only when all have spoken and nobody came to a result', () => {
    expect(judge([refused('a'), refused('b')], 1, 2)).toBeUndefined();
    expect(judge([refused('a'), refused('b'), none('c', 'ledger.unavailable')], 0, 2)).toMatchObject({
      kind: 'refused',
      problem: { code: 'ledger.refused' },
    });
    // one that is ahead may know better
    expect(judge([refused('a'), refused('b'), endorsed('c', '1')], 0, 2)?.kind).toBe('lagging');
  });

  it('names who differs on the same reads, and nobody whose reads differ', () => {
    const apart = [endorsed('a', '1'), endorsed('b', '2')];
    expect(judge(apart, 0, 2)).toMatchObject({ blame: { code: 'ledger.endorsement-mismatch', where: 'b' } });
    const heights = [endorsed('a', '1'), endorsed('b', '2', 'older')];
    expect(judge(heights, 0, 2)).toMatchObject({ blame: { code: 'ledger.unavailable' } });
    const group = [{ result: '1', reads: 'same' } as Endorsed];
    expect(deviations([endorsed('c', '2')], group)).toMatchObject([
      { institution: 'c', code: 'ledger.endorsement-mismatch' },
    ]);
    expect(deviations([endorsed('c', '2', 'older')], group)).toEqual([]);
  });

  it('says why too few have a result: the clock and the code before who is away', () => {
    const with2 = (reply: Reply) => judge([reply, none('b', 'ledger.unavailable'), endorsed('a', '1')], 0, 2);
    expect(with2(none('c', 'ledger.clock'))).toMatchObject({ problem: { code: 'ledger.clock', where: 'c' } });
    expect(with2(none('c', 'ledger.chaincode-mismatch'))).toMatchObject({
      problem: { code: 'ledger.chaincode-mismatch', where: 'c' },
    });
    expect(with2(none('c', 'ledger.unavailable'))).toMatchObject({
      problem: { code: 'ledger.unavailable', where: 'c,b' },
    });
  });

  it('is read out of what peers and Gateways put around it', () => {
    const said = 'chaincode response 500, {"code":"access.denied","detail":"no","where":"leaf"}';
    expect(refusalIn(said)).toMatchObject({ code: 'access.denied', where: 'leaf', detail: 'no' });
    expect(refusalIn('{"code":"of another release"}')).toMatchObject({ code: 'ledger.refused' });
    for (const other of ['chaincode stream terminated', '{"code":7}', '{"code":"x"'])
      expect(refusalIn(other)).toBeUndefined();
  });
});
