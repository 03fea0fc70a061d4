export * from './audit-trail.js';
export * from './context.js';
export * from './findings.js';
export * from './watch.js';
