import { readFileSync } from 'node:fs';

/** CPU time of this thread so far, ms, in steps of a tick (4 ms); of the whole process where the system does not tell its threads apart. */
const cpuNow = (): number => {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
};

/** @returns CPU time that a piece of work took, ms */
export const cpuOf = (work: () => unknown): number => {
  const before = cpuNow();
  work();
  return cpuNow() - before;
};

const text = JSON.stringify(
  Array.from({ length: 2_000 }, (_, n) => ({ code: `A${n}`, at: n / 7, names: ['one', 'two', `${n}`], inner: { n } })),
);

/** A fixed piece of work of the parsers' kind: JSON there and back, and a walk of regular expressions over it. */
export const yardstick = (): number => {
  let found = 0;
  for (let n = 0; n < 5; n += 1)
    for (const match of JSON.stringify(JSON.parse(text)).matchAll(/"([a-z]+)":("[^"]*"|[\d.]+)/g))
      found += match[1]!.length;
  return found;
};

/** What the yardstick takes on an idle core of the machine that the limit was set on (Intel Xeon, Node 20), ms. */
export const yardstickMs = 24;
