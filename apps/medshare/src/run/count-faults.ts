import type { Clock } from '@medshare/clock';
import type { OnFinding } from '@medshare/ledger/finding';
import type { Logger, Metrics } from '@medshare/telemetry';

const memberFaults = [
  'ledger.chaincode-mismatch',
  'ledger.endorsement-mismatch',
  'ledger.clock',
  'ledger.tampered',
  'ledger.unavailable',
];

// Both count from zero on: a series that begins at one shows Prometheus no increase.

/** @returns counts one event that was parked */
export function countParked(metrics: Metrics): () => void {
  const parked = metrics.counter('inbox_parked', 'Events that were parked: somebody must look');
  parked.add(0);
  return () => parked.add();
}

/** @returns counts one finding of a member at fault, by the problem's code */
export function countFindings(metrics: Metrics): (code: string) => void {
  const labels = { code: memberFaults };
  const findings = metrics.counter('ledger_member_findings', 'Members of the chain that did wrong', labels);
  for (const code of memberFaults) findings.add(0, { code });
  return (code) => findings.add(1, { code });
}

/** Pause between two log lines of one member and one fault, ms. */
const pause = 60_000;

/** @returns counts every finding, and logs what lasts once a minute */
export function tellFindings(metrics: Metrics, logger: Pick<Logger, 'warn'>, clock: Clock): OnFinding {
  const count = countFindings(metrics);
  const told = new Map<string, number>();
  return ({ institution: member, code }) => {
    count(code);
    const [fault, now] = [`${member} ${code}`, clock.now()];
    if (now - (told.get(fault) ?? -Infinity) < pause) return;
    told.set(fault, now);
    logger.warn({ member, code }, 'a member of the chain was found at fault');
  };
}
