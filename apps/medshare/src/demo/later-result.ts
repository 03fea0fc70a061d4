import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../run/files.js';

/** `20261121103000+0000` */
const timestamp = (time: number): string => `${new Date(time).toISOString().replace(/[-:T]/g, '').slice(0, 14)}+0000`;

/**
 * One more laboratory result of Mei Lin's stay, of its own control id, so that each round of the demo has something new.
 *
 * @param time ms, becomes MSH-7 and part of MSH-10
 */
export async function laterResult(time: number): Promise<string> {
  const sample = await readFile(join(root, 'samples', 'oru-r01-mei-lin-labs.hl7'), 'utf8');
  const at = timestamp(time);
  const [head = '', ...segments] = sample.split(/\r\n|\r|\n/);
  const fields = head.split('|');
  fields[6] = at;
  fields[9] = `HARBOR-ORU-${at.slice(2, 14)}`;
  return [fields.join('|'), ...segments.map((segment) => segment.replace('|13.20|', '|12.90|'))].join('\r');
}
