export * from './keys.js';
export * from './state.js';
