import { problem } from '@medshare/problems';
import { loadConfig } from '../config.js';
import { defaultPortBase, demoInstitutions, portsOf } from '../found/demo.js';
import { configFile, isFounded } from '../found/found-demo.js';

/**
 * The ports that a data folder was founded with stand in its configuration files and cannot be changed by an option.
 *
 * @throws Problem config.invalid when another base is wanted
 */
export function portBaseFor(wanted: number | undefined, data: string): number {
  if (!isFounded(data)) return wanted ?? defaultPortBase;
  const first = loadConfig(configFile(data, demoInstitutions[0]!.id), {});
  const portBase = first.http.port - portsOf(0, 0).http;
  if (wanted !== undefined && wanted !== portBase)
    throw problem('config.invalid', {
      where: '--port-base',
      detail: `this data folder has ${portBase}; leave it out, or take another --data`,
    });
  return portBase;
}
