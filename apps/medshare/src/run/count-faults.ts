import type { Metrics } from '@medshare/telemetry';

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
