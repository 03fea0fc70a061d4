import { askBody, askResponse, draftBody, draftResponse, fhirResource, openResponse } from '@medshare/events';
import type { Documentation } from '@medshare/openapi';

const owner = 'reader';
const askId = '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0';
const [publicKey, signature] = ['A'.repeat(44), 'A'.repeat(86)];
const now = 1_767_600_000_000;
const body = ['request.malformed', 'request.unsupported-media-type', 'request.too-large'] as const;

export const draftAsk = {
  owner,
  summary: 'Make a draft of an ask, to be signed',
  body: { shape: draftBody },
  answer: { status: 201, shape: draftResponse },
  problems: body,
  example: { body: { purpose: 'TREAT', days: 7 } },
} satisfies Documentation;

export const makeAsk = {
  owner,
  summary: "Ask the region for a patient's records",
  body: { shape: askBody },
  answer: { shape: askResponse },
  problems: [
    ...body,
    'access.forged',
    'access.expired',
    'patient.not-searchable',
    'peer.unavailable',
    'ledger.unavailable',
  ],
  example: {
    body: {
      // as `POST /reader/drafts` gave it, signed by the staff member's own key (see @medshare/client)
      ask: {
        ...{ version: 1, askId, institution: 'lakeside', readerKey: publicKey, purpose: 'TREAT' },
        ...{ expiresAt: now + 604_800_000, nonce: 'A'.repeat(22) },
      },
      certificate: {
        ...{ version: 1, institution: 'lakeside', person: 'dr.chen', roles: ['clinician'], kind: 'staff' },
        ...{ publicKey, suite: 'intl', notBefore: now, notAfter: now + 43_200_000, signature },
      },
      signature,
      identifier: { system: 'urn:medshare:east:citizen', value: 'E-1985-0317-442' },
      relation: 'treating',
    },
  },
} satisfies Documentation;

export const showAsk = {
  owner,
  summary: "Show an ask's requests as they stand on the chain now",
  answer: { shape: askResponse },
  problems: ['request.not-found', 'ledger.unavailable'],
  example: { params: { askId } },
} satisfies Documentation;

export const openAsk = {
  owner,
  summary: 'Open everything that the granted requests permit now',
  answer: { shape: openResponse },
  problems: ['request.not-found', 'ledger.unavailable'],
  example: { params: { askId } },
} satisfies Documentation;

export const readBundle = {
  owner,
  summary: 'Read an opened section: a FHIR R4 Bundle, byte for byte',
  answer: { type: 'application/fhir+json', shape: fhirResource('Bundle') },
  problems: ['request.not-found'],
  example: { params: { id: askId } },
} satisfies Documentation;
