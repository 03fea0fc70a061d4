export { AuditModule } from './audit.module.js';
export { checkAudit } from './check-audit.js';
export { renderAuditEvent } from './render-audit-event.js';
