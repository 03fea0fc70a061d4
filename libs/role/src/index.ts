export * from './audit-trail.js';
export * from './context.js';
