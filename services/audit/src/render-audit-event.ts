import type { AuditAction, AuditEntry } from '@medshare/events';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const RESTFUL = 'http://hl7.org/fhir/restful-interaction';
const PURPOSE = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const ACTION = 'urn:medshare:audit-action';

type EventType = { type: [string, string]; action: 'C' | 'R' | 'U' | 'D' | 'E'; subtype?: string };

const imported: EventType = { type: ['110107', 'Import'], action: 'C' };
const exported: EventType = { type: ['110106', 'Export'], action: 'R' };
const security: EventType = { type: ['110113', 'Security Alert'], action: 'E' };
const procedure: EventType = { type: ['110111', 'Procedure Record'], action: 'C' };
const changed: EventType = { type: ['110110', 'Patient Record'], action: 'U' };
const query: EventType = { type: ['110112', 'Query'], action: 'E', subtype: 'search' };
const login: EventType = { type: ['110114', 'User Authentication'], action: 'E' };
const read: EventType = { type: ['110106', 'Export'], action: 'R', subtype: 'read' };
const logUsed: EventType = { type: ['110101', 'Audit Log Used'], action: 'R' };

/** Action → AuditEvent.type (DICOM PS3.16 CID 400), action and restful subtype, as IHE BALP profiles them. */
const types: Record<AuditAction, EventType> = {
  'message.received': imported,
  'message.refused': imported,
  'message.parked': imported,
  'message.previewed': query,
  'message.replayed': changed,
  'message.skipped': changed,
  'message.content-read': read,
  'patient.linked': changed,
  'record.classified': procedure,
  'record.sealed': procedure,
  'record.anchored': procedure,
  'index.evaluated': query,
  'index.searched': query,
  'deal.made': procedure,
  'leaf.accepted': procedure,
  'leaf.refused': procedure,
  'certificate.issued': security,
  'ask.made': query,
  'ask.decided': security,
  'approval.given': security,
  'approval.refused': security,
  'grant.made': security,
  'grant.revoked': security,
  'grant.expired': security,
  'emergency.anchored': security,
  'patient.notified': security,
  'notification.read': read,
  'review.opened': security,
  'review.closed': security,
  'review.read': query,
  'fragments.released': exported,
  'fragments.refused': exported,
  'section.opened': read,
  'section.refused': read,
  'bundle.read': read,
  'consent.recorded': changed,
  'consent.read': read,
  'access.evaluated': query,
  'receipt.replayed': logUsed,
  'login.succeeded': login,
  'login.failed': login,
  'audit.read': logUsed,
};

const outcomes = { success: '0', refused: '4', failed: '8' } as const;

/**
 * An audited fact as FHIR R4 AuditEvent after IHE Basic Audit Log Patterns (BALP 1.1): type, agent, purpose, entities.
 * Patients appear only as pseudonyms.
 */
export function renderAuditEvent(entry: AuditEntry): Record<string, unknown> {
  const { type, action, subtype } = types[entry.action];
  return {
    resourceType: 'AuditEvent',
    id: entry.id,
    type: { system: DCM, code: type[0], display: type[1] },
    subtype: [...(subtype ? [{ system: RESTFUL, code: subtype }] : []), { system: ACTION, code: entry.action }],
    action,
    recorded: new Date(entry.time).toISOString(),
    outcome: outcomes[entry.outcome],
    ...(entry.problem ? { outcomeDesc: entry.problem } : {}),
    ...(entry.purpose ? { purposeOfEvent: [{ coding: [{ system: PURPOSE, code: entry.purpose }] }] } : {}),
    agent: [agentOf(entry)],
    source: {
      observer: { identifier: { system: 'urn:medshare:institution', value: entry.agent.institution } },
      ...(entry.role ? { site: entry.role } : {}),
    },
    ...listed('entity', [...entry.entities.map(entityOf), ...reasonOf(entry)]),
  };
}

/** FHIR has neither empty arrays nor empty strings. */
const listed = (name: string, values: unknown[]) => (values.length > 0 ? { [name]: values } : {});

const entityOf = ({ kind, id }: AuditEntry['entities'][number]) => ({
  what: { identifier: { system: `urn:medshare:${kind || 'unknown'}`, value: id || 'unknown' } },
  ...(kind === 'patient' ? { role: objectRole('1', 'Patient') } : { role: objectRole('3', 'Report') }),
});

/** AuditEvent.entity.detail: FHIR R4 has no element for why something was done beside the purpose of use. */
const reasonOf = ({ reason }: AuditEntry) =>
  reason === undefined
    ? []
    : [
        {
          what: { display: 'reason' },
          detail: [{ type: 'reason', valueString: reason }],
          role: objectRole('24', 'Query'),
        },
      ];

const objectRole = (code: string, display: string) => ({
  system: 'http://terminology.hl7.org/CodeSystem/object-role',
  code,
  display,
});

function agentOf({ agent, role }: AuditEntry): Record<string, unknown> {
  return {
    who: {
      identifier: {
        system: `urn:medshare:institution:${agent.institution}`,
        value: agent.person || role || 'unknown',
      },
    },
    requestor: agent.person !== undefined,
    ...listed(
      'role',
      (agent.roles ?? []).filter(Boolean).map((text) => ({ text })),
    ),
  };
}
