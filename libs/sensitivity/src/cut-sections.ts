import type { Section, SectionClass } from './classification.js';
import type { SlicedBundle } from './slice-bundle.js';

const head = '{"resourceType":"Bundle","type":"collection","entry":[';

/**
 * Makes one collection Bundle a class out of the source's own characters; nothing is re-serialised, so 1.50 stays 1.50.
 * @param classes one a entry, in the entries' order
 * @param order classes from the first to the last section
 */
export function cutSections(
  entries: SlicedBundle['entries'],
  classes: readonly SectionClass[],
  order: readonly SectionClass[],
): Section[] {
  const byClass = new Map<SectionClass, number[]>(order.map((name) => [name, []]));
  classes.forEach((name, position) => byClass.get(name)?.push(position));
  return [...byClass]
    .filter(([, positions]) => positions.length > 0)
    .map(([name, positions]) => ({ class: name, bytes: bytesOf(entries, positions), entries: positions }));
}

function bytesOf(entries: SlicedBundle['entries'], positions: readonly number[]): Uint8Array {
  const slices = positions.map((position) => entries[position]?.text ?? '');
  return new TextEncoder().encode(`${head}${slices.join(',')}]}`);
}
