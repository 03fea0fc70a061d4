import { readFileSync } from 'node:fs';
import { lossReport } from './loss-report.js';
import type { LossCode } from './ledger.js';

const codes: Record<LossCode, true> = {
  'not-mapped': true,
  'not-convertible': true,
  'no-room': true,
  'explicit-null': true,
  'message-only': true,
  more: true,
};

describe('the code system of losses', () => {
  const page = readFileSync(new URL('../../../../docs/mapping.md', import.meta.url), 'utf8');
  const issues = (Object.keys(codes) as LossCode[]).map((code) => ({ code, where: 'PID-3' }));
  const { issue } = lossReport(issues);

  it('is defined on the page of mapping: its name, every code, what it means and how grave it is', () => {
    const defined = [...page.matchAll(/^\| `([a-z-]+)` \| (.+?) \| (warning|information), `([a-z-]+)` \|$/gm)];
    const said = issue.map(({ severity, code, details }) => {
      const [coding] = details?.coding ?? [];
      expect(page).toContain(`\`${coding?.system}\``);
      return [coding?.code, details?.text, severity, code];
    });
    expect(defined.map(([, ...row]) => row).sort()).toEqual(said.sort());
    expect(said).toHaveLength(6);
  });

  it('names what matters to a reader of the record first', () => {
    const graves = issue.map(({ severity }) => severity);
    expect(graves).toEqual([...graves].sort().reverse());
  });
});
