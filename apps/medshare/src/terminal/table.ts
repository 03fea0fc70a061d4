/**
 * Columns of text, two spaces apart, wide as their longest cell. A table wider than `columns` has its last column wrapped at words.
 *
 * @param rows the first one is the head; pass `head: false` for a table without
 */
export function table(rows: readonly (readonly string[])[], { columns = 80, indent = 2 } = {}): string {
  const widths = widthsOf(rows);
  const last = widths.length - 1;
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + 2, indent);
  const room = Math.max(columns - before, 24);
  return rows
    .flatMap((row) => {
      const [first = '', ...more] = wrap(row[last] ?? '', room);
      const head = row.slice(0, last).map((cell, at) => pad(cell, widths[at] ?? 0));
      const line = `${' '.repeat(indent)}${[...head, first].join('  ')}`.trimEnd();
      return [line, ...more.map((text) => `${' '.repeat(before)}${text}`)];
    })
    .join('\n');
}

const widthsOf = (rows: readonly (readonly string[])[]): number[] => {
  const count = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: count }, (_, at) => Math.max(0, ...rows.map((row) => (row[at] ?? '').length)));
};

const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - text.length));

/** Breaks at spaces; a word longer than the room stays whole, so that ids and commands can be copied. */
export function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
