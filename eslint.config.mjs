import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** kind → kinds it may import. Every package names its kind in package.json nx.tags. */
const walls = {
  'kind:app': ['kind:service', 'kind:driver', 'kind:port', 'kind:pure', 'kind:chaincode'],
  'kind:service': ['kind:port', 'kind:driver', 'kind:pure'],
  'kind:port': ['kind:port', 'kind:pure', 'kind:chaincode'],
  'kind:driver': ['kind:driver', 'kind:port', 'kind:pure', 'kind:chaincode'],
  'kind:chaincode': ['kind:pure'],
  'kind:pure': ['kind:pure'],
};

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/generated/**', '.nx/**', 'tools/**', '**/*.mjs'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          depConstraints: Object.entries(walls).map(([sourceTag, onlyDependOnLibsWithTags]) => ({
            sourceTag,
            onlyDependOnLibsWithTags,
          })),
        },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
      'no-console': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      complexity: ['error', 15],
      'max-lines': ['error', { max: 400, skipBlankLines: false }],
    },
  },
  {
    files: ['libs/crypto/src/**/*.ts'],
    rules: { 'max-lines': ['error', 800], complexity: ['error', 20] },
  },
  {
    files: ['libs/{hl7,fhir,sensitivity,policy,consent,proofs,problems,events}/src/**/*.ts', 'chaincode/*/src/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/*.fixture.ts', '**/*.driver.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: ['node:fs*', 'node:net', 'node:http*', 'node:tls', 'node:process', '@nestjs/*'] },
      ],
      'no-restricted-globals': ['error', 'process', 'fetch'],
    },
  },
  {
    files: ['chaincode/*/src/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/*.fixture.ts'],
    rules: {
      'no-restricted-globals': ['error', 'Date', 'Intl', 'setTimeout', 'setInterval', 'process', 'fetch', 'crypto'],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
    },
  },
);
