import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { problem } from '@medshare/problems';
import { defaultPortBase } from '../found/demo.js';
import { readDemo } from './demo-file.js';

/**
 * The ports that a data folder was founded with stand in its configuration files and cannot be changed by an option.
 *
 * @throws Problem config.invalid when another base is wanted
 */
export async function portBaseFor(wanted: number | undefined, data: string): Promise<number> {
  if (!existsSync(join(data, 'demo.json'))) return wanted ?? defaultPortBase;
  const { portBase } = await readDemo(data);
  if (wanted !== undefined && wanted !== portBase)
    throw problem('config.invalid', {
      where: '--port-base',
      detail: `this data folder has ${portBase}; leave it out, or take another --data`,
    });
  return portBase;
}
