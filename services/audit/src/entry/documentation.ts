import { auditCheckpoints, auditConsistency, auditProof, fhirResource } from '@medshare/events';
import type { Documentation } from '@medshare/openapi';
import { z } from 'zod';

const owner = 'audit';
const fhir = 'application/fhir+json';
const id = '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0';
const size = z.string().regex(/^\d{1,15}$/);

export const searchEvents = {
  owner,
  summary: 'Search the audit log',
  description: 'Search parameters of FHIR R4 AuditEvent; one that is not served is refused. Reading is itself audited.',
  query: z.strictObject({
    date: z.string().optional(),
    action: z.string().optional(),
    subtype: z.string().optional(),
    outcome: z.enum(['0', '4', '8']).optional(),
    entity: z.string().optional(),
    _count: z.string().optional(),
    cursor: z.string().optional(),
  }),
  answer: { type: fhir, shape: fhirResource('Bundle') },
  problems: ['request.malformed'],
  fhir: {
    search: {
      date: { type: 'date' },
      action: { type: 'token', documentation: 'as subtype' },
      subtype: { type: 'token', documentation: 'an audit action' },
      outcome: { type: 'token' },
      entity: { type: 'token', documentation: '<kind>|<id>' },
    },
  },
  example: { query: { _count: '5' } },
} satisfies Documentation;

export const readEvent = {
  owner,
  summary: 'Read one audit entry',
  answer: { type: fhir, shape: fhirResource('AuditEvent') },
  problems: ['request.not-found'],
  example: { params: { id } },
} satisfies Documentation;

export const proveEntry = {
  owner,
  summary: 'Prove one entry: everything needed to verify it offline',
  answer: { shape: auditProof },
  problems: ['request.not-found'],
  example: { params: { id } },
} satisfies Documentation;

export const listCheckpoints = {
  owner,
  summary: "List the log's signed heads, the newest first",
  query: z.strictObject({ below: size.optional() }),
  answer: { shape: auditCheckpoints },
  problems: ['request.malformed'],
  example: {},
} satisfies Documentation;

export const proveConsistency = {
  owner,
  summary: 'Prove that a later head only added to an earlier one',
  query: z.strictObject({ from: size, to: size }),
  answer: { shape: auditConsistency },
  problems: ['request.malformed', 'request.not-found'],
  example: { query: { from: '1', to: '2' } },
} satisfies Documentation;
