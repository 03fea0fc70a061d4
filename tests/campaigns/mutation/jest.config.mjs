// The unit tests that stand against mutants: pure, so that thousands of runs need no server.
import all from '../../../jest.config.mjs';

const { displayName: _, ...unit } = all.projects.find(({ displayName }) => displayName === 'unit');
export default {
  ...unit,
  rootDir: process.cwd(),
  // it reads the sources as text, and a mutant's are another text
  testPathIgnorePatterns: [...unit.testPathIgnorePatterns, 'libs/crypto/src/portable\\.spec\\.ts$'],
  testMatch: [
    ...['libs/policy', 'libs/crypto', 'libs/hl7', 'chaincode/region'].map((at) => `<rootDir>/${at}/src/**/*.spec.ts`),
    '<rootDir>/tests/campaigns/mutation/planted.test.ts',
  ],
};
