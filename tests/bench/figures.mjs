export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

export const quantile = (values, q) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
};

const told = (value) =>
  value === undefined ? '' : Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));

/** One figure: name, unit, value; beside it a peer or floor of the same run with the ratio to it, and the aim. */
export function figure(
  name,
  unit,
  value,
  { peer, peerName, aim, ratio = peer === undefined ? undefined : value / peer } = {},
) {
  return { name, unit, value, peer, peerName, ratio, aim };
}

export function tableOf(figures) {
  const rows = [
    ['figure', 'value', 'unit', 'beside', 'ratio', 'aim'],
    ...figures.map(({ name, unit, value, peer, peerName, ratio, aim }) => [
      name,
      told(value),
      unit,
      peer === undefined ? '' : `${told(peer)} ${peerName}`,
      told(ratio),
      aim ?? '',
    ]),
  ];
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const right = new Set([1, 4]);
  const line = (row) =>
    row
      .map((cell, i) => (right.has(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}
