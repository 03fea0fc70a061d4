import {
  contentBody,
  feedLags,
  fhirResource,
  messageListing,
  messageState,
  previewResponse,
  refusalListing,
  shownMessage,
} from '@medshare/events';
import { supportedResources } from '@medshare/fhir';
import type { Documentation } from '@medshare/openapi';
import { z } from 'zod';

const fhir = 'application/fhir+json';
const hl7v2 = 'application/hl7-v2';

const identifier = [{ system: 'urn:medshare:east:citizen', value: 'E-1985-0317-442' }];
const patient = { resourceType: 'Patient', identifier, name: [{ family: 'Lin', given: ['Mei'] }], gender: 'female' };
const bundle = {
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    {
      fullUrl: 'urn:uuid:5b0d7c52-7c1a-4a0e-9a57-0c7d4f0a1a01',
      resource: patient,
      request: { method: 'POST', url: 'Patient' },
    },
  ],
};
const message = [
  'MSH|^~\\&|HIS|HARBOR|MEDSHARE|HARBOR|20260105091500+0800||ADT^A01^ADT_A01|EXAMPLE-0001|P|2.5.1|||AL|NE||UNICODE UTF-8',
  'EVN|A01|20260105091200+0800',
  'PID|1||E-1985-0317-442^^^EAST&urn:medshare:east:citizen&URI^NI~H0048812^^^HARBOR&urn:medshare:harbor:mrn&URI^MR||Lin^Mei||19850317|F',
  'PV1|1|I|W3^310^2^HARBOR||||||||||||||||V-2026-00017^^^HARBOR&urn:medshare:harbor:visit&URI^VN',
  '',
].join('\r');

const unreadable = ['request.unsupported-media-type', 'request.too-large', 'request.malformed'] as const;
const hl7 = [
  'hl7.unparsable',
  'hl7.required-field',
  'hl7.data-type',
  'hl7.unsupported-type',
  'hl7.unsupported-event',
] as const;
const resource = ['fhir.json', 'fhir.invalid', 'fhir.unsupported', 'patient.not-identified'] as const;
const owner = 'ingest';

/** Of a search, as the texts that are sent. */
const number = z.string().regex(/^\d{1,15}$/);
const page = {
  feed: z.string().max(64).optional(),
  code: z.string().max(64).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  before: number.optional(),
  limit: number.optional(),
};

export const receiveHl7v2 = {
  owner,
  summary: 'Send an HL7 v2 message',
  description:
    'The message is the body, its acknowledgement (MSA, ERR) the answer; a refusal has the acknowledgement as its body too.',
  body: { type: hl7v2, shape: z.string() },
  answer: { type: hl7v2, shape: z.string() },
  problems: [...unreadable, ...hl7],
  example: { body: message },
} satisfies Documentation;

export const fetchAcknowledgement = {
  owner,
  summary: 'Fetch the application acknowledgement of a message in enhanced mode',
  description:
    'By MSH-3, MSH-4 and MSH-10 as they stood in the message. 202 while it is worked on, 204 when its MSH-16 wants none of what became of it.',
  query: z.strictObject({
    'MSH-3': z.string().max(512).optional(),
    'MSH-4': z.string().max(512).optional(),
    'MSH-10': z.string().min(1).max(512),
  }),
  answer: { type: hl7v2, shape: z.string() },
  problems: ['request.not-found', 'request.invalid'],
  example: { query: { 'MSH-3': 'HIS', 'MSH-4': 'HARBOR', 'MSH-10': 'EXAMPLE-0001' } },
} satisfies Documentation;

export const processMessage = {
  owner,
  summary: 'Send a FHIR message',
  description:
    'A Bundle of type message, its MessageHeader first; answered by a message whose MessageHeader.response says ok, transient-error or fatal-error. With async=true: 202 and no body once it is kept.',
  query: z.strictObject({ async: z.enum(['true', 'false']).optional() }),
  body: { type: fhir, shape: fhirResource('Bundle') },
  answer: { type: fhir, shape: fhirResource('Bundle') },
  problems: [...unreadable, ...resource],
  fhir: { operation: 'http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message' },
  example: {
    body: {
      resourceType: 'Bundle',
      type: 'message',
      entry: [
        {
          fullUrl: 'urn:uuid:5b0d7c52-7c1a-4a0e-9a57-0c7d4f0a1b01',
          resource: {
            resourceType: 'MessageHeader',
            id: '5b0d7c52-7c1a-4a0e-9a57-0c7d4f0a1b01',
            eventUri: 'urn:example:patient-changed',
            source: { endpoint: 'https://his.example.org/fhir' },
            focus: [{ reference: 'urn:uuid:5b0d7c52-7c1a-4a0e-9a57-0c7d4f0a1a01' }],
          },
        },
        { fullUrl: 'urn:uuid:5b0d7c52-7c1a-4a0e-9a57-0c7d4f0a1a01', resource: patient },
      ],
    },
  },
} satisfies Documentation;

export const receiveBundle = {
  owner,
  summary: 'Send a FHIR transaction, batch or document',
  body: { type: fhir, shape: fhirResource('Bundle') },
  answer: { type: fhir, shape: fhirResource('Bundle') },
  problems: [...unreadable, ...resource],
  fhir: { system: ['transaction', 'batch'] },
  example: { body: bundle },
} satisfies Documentation;

export const createResource = {
  owner,
  summary: 'Create one FHIR resource',
  body: { type: fhir, shape: z.looseObject({ resourceType: z.string() }) },
  answer: { status: 201, type: fhir, shape: fhirResource('OperationOutcome') },
  problems: [...unreadable, ...resource],
  // consents are recorded by the access role
  fhir: { types: supportedResources().filter((type) => type !== 'Consent') },
  example: { params: { type: 'Patient' }, body: patient },
} satisfies Documentation;

export const previewHl7v2 = {
  owner,
  summary: 'Show what would become of an HL7 v2 message',
  body: { type: hl7v2, shape: z.string() },
  answer: { shape: previewResponse },
  problems: [...unreadable, ...hl7],
  example: { body: message },
} satisfies Documentation;

export const previewFhir = {
  owner,
  summary: 'Show what would become of a FHIR resource or Bundle',
  body: { type: fhir, shape: z.looseObject({ resourceType: z.string() }) },
  answer: { shape: previewResponse },
  problems: [...unreadable, ...resource],
  fhir: { operation: 'urn:medshare:operation:preview' },
  example: { body: bundle },
} satisfies Documentation;

export const listMessages = {
  owner,
  summary: 'List messages that were acknowledged',
  query: z.strictObject({
    ...page,
    state: messageState.optional(),
    patient: z
      .string()
      .regex(/^[0-9a-f]{16}$/)
      .optional(),
  }),
  answer: { shape: messageListing },
  problems: ['request.invalid'],
  example: { query: { limit: '10' } },
} satisfies Documentation;

export const listRefused = {
  owner,
  summary: 'List messages that were refused',
  query: z.strictObject(page),
  answer: { shape: refusalListing },
  problems: ['request.invalid'],
  example: { query: { limit: '10' } },
} satisfies Documentation;

export const listFeeds = {
  owner,
  summary: 'Show what each feed waits for',
  answer: { shape: feedLags },
  problems: [],
  example: {},
} satisfies Documentation;

export const showMessage = {
  owner,
  summary: "Show one message's state and way",
  answer: { shape: shownMessage },
  problems: ['request.not-found'],
  example: { params: { id: '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' } },
} satisfies Documentation;

export const showLosses = {
  owner,
  summary: 'Show what a record does not hold of its message',
  description:
    'An OperationOutcome with an issue for each valued place that is not in the record: its position in diagnostics, never its content. Warnings come first.',
  answer: { type: fhir, shape: fhirResource('OperationOutcome') },
  problems: ['request.not-found'],
  example: { params: { id: '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' } },
} satisfies Documentation;

export const readContent = {
  owner,
  summary: 'Read the bytes of a message as they came',
  description: 'The answer is of the type that the message came as. The reason is audited before the content is given.',
  body: { shape: contentBody },
  answer: { type: hl7v2, shape: z.string() },
  problems: [
    'request.not-found',
    'request.gone',
    'request.malformed',
    'request.unsupported-media-type',
    'audit.unavailable',
  ],
  example: {
    params: { id: '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' },
    body: { reason: 'the laboratory asks why PID-3 is missing' },
  },
} satisfies Documentation;
