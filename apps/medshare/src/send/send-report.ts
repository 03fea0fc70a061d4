import type { Terminal } from '../terminal/terminal.js';
import { table } from '../terminal/table.js';

/** One reason of a refusal; never what was refused. */
export interface Refusal {
  /** MSA-1, an HTTP status, or `-` when there was no answer. */
  readonly answer: string;
  /** A problem code, another system's error code, or nothing. */
  readonly code: string;
  readonly where: string;
  readonly why: string;
}

export interface RefusedItem {
  readonly file: string;
  /** Counts the messages of the file, from 1; 0 is the file as a whole. */
  readonly message: number;
  readonly refusals: readonly Refusal[];
}

export interface SendReport {
  readonly files: number;
  readonly sent: number;
  readonly accepted: number;
  readonly refused: readonly RefusedItem[];
  /** Left when the command was stopped. */
  readonly unsent: number;
  readonly elapsedMs: number;
  readonly to: readonly string[];
}

/** Rows of refusals that are shown; `--json` has all. */
const shown = 50;

export function reportText(report: SendReport, { columns, style }: Pick<Terminal, 'columns' | 'style'>): string {
  const { sent, accepted, refused, unsent, files, elapsedMs, to } = report;
  const rate = elapsedMs > 0 ? ` (${Math.round((sent * 1000) / elapsedMs)}/s)` : '';
  const lines = [
    `${count(sent, 'message')} of ${count(files, 'file')} to ${to.join(', ') || 'nobody'}: ` +
      `${accepted} accepted, ${refused.length} refused, in ${(elapsedMs / 1000).toFixed(1)} s${rate}${unsent > 0 ? `; ${unsent} not sent` : ''}`,
  ];
  if (refused.length > 0) lines.push('', refusedTable(refused, columns, style));
  return lines.join('\n');
}

function refusedTable(refused: readonly RefusedItem[], columns: number, style: Terminal['style']): string {
  const rows = refused.flatMap(({ file, message, refusals }) =>
    refusals.map(({ answer, code, where, why }) => [file, String(message), answer, code, where || '-', why]),
  );
  const [head = '', ...body] = table([['refused', '#', 'answer', 'code', 'place', 'why'], ...rows.slice(0, shown)], {
    columns,
    indent: 0,
  }).split('\n');
  const more = rows.length > shown ? [`and ${rows.length - shown} more; --json has all`] : [];
  return [style.bold(head), ...body, ...more].join('\n');
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
