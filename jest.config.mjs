import { readdirSync, readFileSync, existsSync } from 'node:fs';

const swc = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
/** every workspace package by name, so that tests run on the sources and need no build */
const packages = Object.fromEntries(
  ['apps', 'services', 'libs', 'chaincode'].flatMap((group) =>
    readdirSync(new URL(group, import.meta.url))
      .filter((dir) => existsSync(new URL(`${group}/${dir}/package.json`, import.meta.url)))
      .map((dir) => {
        const { name } = JSON.parse(readFileSync(new URL(`${group}/${dir}/package.json`, import.meta.url), 'utf8'));
        return [`^${name}(?:/(.+))?$`, [`<rootDir>/${group}/${dir}/src/$1`, `<rootDir>/${group}/${dir}/src/index`]];
      }),
  ),
);
/** `@medshare/x` is src/index.ts, `@medshare/x/y` is src/y.ts */
const moduleNameMapper = Object.fromEntries(
  Object.entries(packages).flatMap(([pattern, [sub, index]]) => [
    [pattern.replace('(?:/(.+))?', ''), index],
    [pattern.replace('(?:/(.+))?', '/(.+)'), sub],
  ]),
);
/** Specs beside what they test that hold a word. */
export const specsWith = (word) =>
  ['apps', 'services', 'libs', 'chaincode'].flatMap((group) =>
    readdirSync(new URL(group, import.meta.url), { recursive: true })
      .filter((path) => /^[^/]+\/src\/.*\.spec\.ts$/.test(path))
      .filter((path) => readFileSync(new URL(`${group}/${path}`, import.meta.url), 'utf8').includes(word))
      .map((path) => `<rootDir>/${group}/${path}`),
  );
const sources = '<rootDir>/{apps,libs,services,chaincode}/*/src/**/*';
const inMemory = { globalSetup: '<rootDir>/tests/harness/in-memory.mjs' };
/** Specs that kill processes; a suite of unit tests that waits for them is not run often. */
const killing = '\\.kill\\.spec\\.ts$';
const base = {
  globals: { wholeHunts: false },
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json'],
  moduleNameMapper: {
    ...moduleNameMapper,
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^fast-check$': '<rootDir>/tests/harness/fast-check.mjs',
  },
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  modulePathIgnorePatterns: ['/dist/'],
};
export default {
  maxWorkers: 2,
  testTimeout: 30_000,
  projects: [
    { ...base, ...inMemory, displayName: 'unit', testMatch: [`${sources}.spec.ts`], testPathIgnorePatterns: [killing] },
    { ...base, ...inMemory, displayName: 'flow', testMatch: ['<rootDir>/tests/flow/one-process.spec.ts'] },
    // what is asked of running institutions beside the flow in one process: `npm run test:system`
    {
      ...base,
      ...inMemory,
      displayName: 'system',
      testMatch: [
        '<rootDir>/tests/flow/separate-processes.spec.ts',
        '<rootDir>/tests/{authz,docs,leaks,traces}/**/*.spec.ts',
      ],
    },
    // those of `unit` that try a sample there, each trying everything: `npm run test:hunts`
    { ...base, ...inMemory, displayName: 'hunts', testMatch: specsWith('wholeHunts'), globals: { wholeHunts: true } },
    // a seeded sample of every hunt that `npm run campaign` runs in full
    { ...base, displayName: 'campaigns', testMatch: ['<rootDir>/tests/campaigns/**/*.spec.ts'] },
    // minutes of killing processes: a step of its own, `npm run test:faults`
    {
      ...base,
      ...inMemory,
      displayName: 'faults',
      testMatch: ['<rootDir>/tests/faults/**/*.spec.ts', `${sources}.kill.spec.ts`],
    },
    // against programs that are not ours; they need Maven and a JDK: `npm run test:peers`
    { ...base, displayName: 'peers', testMatch: ['<rootDir>/tests/peers/**/*.spec.ts'] },
    // on the servers that operators run; `npm run test:stack` brings them up first
    { ...base, displayName: 'stack', testMatch: ['<rootDir>/tests/stack/**/*.spec.ts'], testTimeout: 120_000 },
    // the client in headless Chromium: `npm run test:browser`
    { ...base, displayName: 'browser', testMatch: ['<rootDir>/tests/browser/**/*.spec.ts'] },
  ],
};
