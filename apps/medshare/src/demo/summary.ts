import type { Terminal } from '../terminal/terminal.js';
import { table } from '../terminal/table.js';

export interface Row {
  step: string;
  count: number;
  detail: string;
  /** undefined where the step has no time of its own */
  ms?: number;
}

/** The short table at the end, and commands that work against the demo as it is now. */
export function summaryText(rows: readonly Row[], next: readonly string[], { columns, style }: Terminal): string {
  const cells = rows.map(({ step, count, ms, detail }) => [
    step,
    String(count).padStart(5),
    ms === undefined ? '' : (ms / 1000).toFixed(1).padStart(7),
    detail,
  ]);
  const [head = '', ...body] = table([['step', 'count', 'seconds', ''], ...cells], { columns }).split('\n');
  const commands = next.map((command) => `  ${command}`);
  return ['', style.bold(head), ...body, '', style.bold('What to try next, in another terminal'), ...commands, ''].join(
    '\n',
  );
}
