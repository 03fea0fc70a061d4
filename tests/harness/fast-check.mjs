// What specs import as 'fast-check' (jest.config.mjs): the same cases in every run of the tests, others in `npm run campaign properties`.
import fc from '../../node_modules/fast-check/lib/fast-check.js';

const { MEDSHARE_PROPERTY_SEED: seed = '1', MEDSHARE_PROPERTY_RUNS: runs = '100' } = process.env;
fc.configureGlobal({ seed: Number(seed), numRuns: Number(runs) });

export default fc;
