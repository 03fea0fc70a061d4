import { median } from './figures.mjs';

export const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** How often a function runs in a CPU second, over a window of so many CPU seconds. */
function window(run, seconds) {
  const began = cpu();
  let times = 0;
  do {
    run();
    times += 1;
  } while (cpu() - began < seconds);
  return times / (cpu() - began);
}

/**
 * Rates a CPU second of functions that are measured in turns, so that what else the machine does meets all of them.
 * @param functions by name
 * @returns by name: the median rate, and `against(other)`, the median of the turns' ratios
 */
export function ratesOf(functions, { rounds, seconds }) {
  const names = Object.keys(functions);
  const found = Object.fromEntries(names.map((name) => [name, []]));
  for (const name of names) for (let i = 0; i < 3; i += 1) functions[name]();
  for (let round = 0; round < rounds; round += 1)
    for (const name of names) found[name].push(window(functions[name], seconds));
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        rate: median(found[name]),
        against: (other) => median(found[name].map((rate, i) => rate / found[other][i])),
      },
    ]),
  );
}
