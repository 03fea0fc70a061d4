export { callAll, type Call } from './call-all.js';
export {
  openDatabase,
  plainName,
  type Database,
  type DatabaseOptions,
  type Queryable,
  type Statement,
  type TransactionOptions,
  type Tx,
} from './database.js';
export { isUnavailable, storageProblem } from './database-problem.js';
export { openListener, type Listener } from './listener.js';
export { migrate } from './migrate.js';
