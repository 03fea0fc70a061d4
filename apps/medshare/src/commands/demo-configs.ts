import { join } from 'node:path';
import { loadConfig } from '../config.js';
import { borrowDatabases, type BorrowedDatabases } from '../run/open-database.js';
import type { Surroundings } from './outcome.js';

/** The configurations of a demo's institutions with their databases reachable, whether the demo runs or not. */
export const openDemoConfigs = (
  data: string,
  ids: readonly string[],
  env: Surroundings['env'],
): Promise<BorrowedDatabases> =>
  borrowDatabases(
    data,
    ids.map((id) => loadConfig(join(data, id, 'config.yaml'), env)),
  );
