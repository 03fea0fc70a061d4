export * from './protocols.js';
export { suite } from './node-suites.js';
