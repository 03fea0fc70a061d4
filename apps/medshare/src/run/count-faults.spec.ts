import { createMetricsRegistry } from '@medshare/telemetry';
import { tellFindings } from './count-faults.js';

describe('members of the chain that are found at fault', () => {
  it('are counted each time, and logged once a minute for each fault', async () => {
    const registry = createMetricsRegistry();
    const lines: unknown[] = [];
    let now = 1_000_000;
    const tell = tellFindings(
      registry.forRole('ledger'),
      { warn: (fields) => void lines.push(fields) },
      { now: () => now },
    );
    const [late, other] = ['ledger.chaincode-mismatch', 'ledger.clock'] as const;
    const find = (institution: string, code: typeof late | typeof other) => tell({ institution, code, detail: '' });

    for (const at of [0, 59_999, 60_000, 60_001]) {
      now = 1_000_000 + at;
      find('summit', late);
    }
    find('summit', other);
    find('lakeside', late);

    expect(lines).toEqual([
      { member: 'summit', code: late },
      { member: 'summit', code: late },
      { member: 'summit', code: other },
      { member: 'lakeside', code: late },
    ]);
    expect(await registry.expose()).toMatch(
      /ledger_member_findings_total\{[^}]*code="ledger\.chaincode-mismatch"[^}]*\} 5\n/,
    );
  });
});
