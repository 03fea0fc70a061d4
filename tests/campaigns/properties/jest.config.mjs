// The specs that state properties, with more patience: the campaign says on which seed, and how many cases.
import all, { specsWith } from '../../../jest.config.mjs';

const { displayName: _, ...unit } = all.projects.find(({ displayName }) => displayName === 'unit');
export default {
  ...unit,
  rootDir: process.cwd(),
  testTimeout: 600_000,
  testMatch: [...specsWith("'fast-check'"), '<rootDir>/tests/campaigns/properties/planted.test.ts'],
};
