import { fhirResource } from '@medshare/events';
import type { Documentation } from '@medshare/openapi';
import { z } from 'zod';

const owner = 'access';
const type = 'application/fhir+json';
const id = '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0';
const consent = fhirResource('Consent');
const refused = [
  'fhir.json',
  'fhir.invalid',
  'request.too-large',
  'request.unsupported-media-type',
  'request.conflict',
] as const;
const example = {
  resourceType: 'Consent',
  status: 'active',
  scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: { identifier: { system: 'urn:medshare:east:citizen', value: 'E-1985-0317-442' } },
  dateTime: '2026-11-21',
  policy: [{ uri: 'https://east.example/consent/research' }],
  provision: {
    type: 'permit',
    purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HRESCH' }],
  },
};

export const createConsent = {
  owner,
  summary: 'Record a consent in its basic form',
  description:
    'Answered by the resource as it was recorded, or by an OperationOutcome whose warnings name what is not understood: until it is mended, such a consent refuses.',
  body: { type, shape: consent },
  answer: { status: 201, type, shape: z.union([consent, fhirResource('OperationOutcome')]) },
  problems: refused,
  example: { body: example },
} satisfies Documentation;

export const updateConsent = {
  owner,
  summary: 'Record a new version of a consent',
  body: { type, shape: consent },
  answer: { type, shape: z.union([consent, fhirResource('OperationOutcome')]) },
  problems: [...refused, 'request.malformed', 'request.invalid', 'request.not-found', 'request.precondition-failed'],
  example: { params: { id }, body: example },
} satisfies Documentation;

export const searchConsents = {
  owner,
  summary: "List a patient's consents as they stand",
  query: z.strictObject({ 'patient:identifier': z.string().max(321).optional() }),
  answer: { type, shape: fhirResource('Bundle') },
  problems: ['request.malformed', 'fhir.unsupported'],
  fhir: { search: { patient: { type: 'reference', documentation: 'with the modifier :identifier only' } } },
  example: { query: { 'patient:identifier': 'urn:medshare:east:citizen|E-1985-0317-442' } },
} satisfies Documentation;

export const readConsent = {
  owner,
  summary: 'Read a consent as it stands',
  answer: { type, shape: consent },
  problems: ['request.not-found'],
  example: { params: { id } },
} satisfies Documentation;

export const readHistory = {
  owner,
  summary: 'List all versions of a consent, the newest first',
  answer: { type, shape: fhirResource('Bundle') },
  problems: ['request.not-found'],
  example: { params: { id } },
} satisfies Documentation;

export const readVersion = {
  owner,
  summary: 'Read one version of a consent',
  answer: { type, shape: consent },
  problems: ['request.not-found'],
  example: { params: { id, version: '1' } },
} satisfies Documentation;
