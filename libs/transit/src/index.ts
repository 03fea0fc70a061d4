export * from './transit.js';
