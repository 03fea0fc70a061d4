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
export { grantUsers, type Grant, type GrantedUser, type Right } from './grant-users.js';
export { isUnavailable, refusedConnection, storageProblem } from './database-problem.js';
export { openListener, type Listener } from './listener.js';
export { migrate } from './migrate.js';
