export * from './protocols.js';
export { suite } from './portable-suites.js';
