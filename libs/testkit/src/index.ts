export { freePort, tempDir } from './places.js';
export { freshDatabase, withPostgres, type FreshDatabase, type TestPostgres } from './postgres.js';
export { killHard, lineOf, spawnScript, type ScriptOptions } from './script.js';
export { seededRandom } from './seeded-random.js';
export { eventually, ManualClock } from './time.js';
