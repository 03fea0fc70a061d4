import { webhookFetchDone, fhirResource, skipFetchBody, webhookStates } from '@medshare/events';
import type { Documentation } from '@medshare/openapi';
import { z } from 'zod';

const fhir = 'application/fhir+json';
const owner = 'ingest';
const unreadable = ['request.unsupported-media-type', 'request.too-large', 'request.malformed'] as const;
const resource = ['fhir.json', 'fhir.invalid', 'fhir.unsupported', 'patient.not-identified'] as const;
const patient = {
  resourceType: 'Patient',
  id: 'mei-lin',
  meta: { versionId: '3', lastUpdated: '2026-01-05T09:15:00+08:00' },
  identifier: [{ system: 'urn:medshare:east:citizen', value: 'E-1985-0317-442' }],
  name: [{ family: 'Lin', given: ['Mei'] }],
};
const subscription = 'https://ehr.example.org/fhir/Subscription/admission';

export const deliver = {
  owner,
  summary: 'Deliver a resource by a subscription’s rest-hook',
  description:
    'FHIR R4, Subscription.channel of type rest-hook with a payload. A version that came before is answered again and done once. Carries the token of the feed’s webhook.tokenFile, or one of the identity provider.',
  body: { type: fhir, shape: z.looseObject({ resourceType: z.string() }) },
  answer: { type: fhir, shape: fhirResource('OperationOutcome') },
  problems: [...unreadable, ...resource],
  example: { params: { type: 'Patient', id: 'mei-lin' }, body: patient },
} satisfies Documentation;

export const notify = {
  owner,
  summary: 'Notify of events of a subscription',
  description:
    'An empty body (FHIR R4 rest-hook without a payload): the feed’s FHIR server is searched for what changed. A Bundle (Subscriptions R5 Backport IG: handshake, heartbeat, event-notification): its resources are taken, what it only names and events that are missing are fetched. What of it was refused stands in the answer and waits as a failed fetch.',
  body: { type: fhir, shape: fhirResource('Bundle') },
  answer: { type: fhir, shape: fhirResource('OperationOutcome') },
  problems: [...unreadable, 'fhir.json', 'fhir.invalid', 'source.missing'],
  example: {
    body: {
      resourceType: 'Bundle',
      type: 'history',
      timestamp: '2026-01-05T09:15:00+08:00',
      entry: [
        {
          fullUrl: 'urn:uuid:5b0d7c52-7c1a-4a0e-9a57-0c7d4f0a1c01',
          resource: {
            resourceType: 'Parameters',
            parameter: [
              { name: 'subscription', valueReference: { reference: subscription } },
              { name: 'topic', valueCanonical: 'https://ehr.example.org/fhir/SubscriptionTopic/admission' },
              { name: 'status', valueCode: 'active' },
              { name: 'type', valueCode: 'event-notification' },
              { name: 'events-since-subscription-start', valueString: '1' },
              {
                name: 'notification-event',
                part: [
                  { name: 'event-number', valueString: '1' },
                  { name: 'focus', valueReference: { reference: 'https://ehr.example.org/fhir/Patient/mei-lin' } },
                ],
              },
            ],
          },
          request: { method: 'GET', url: `${subscription}/$status` },
          response: { status: '200' },
        },
        {
          fullUrl: 'https://ehr.example.org/fhir/Patient/mei-lin',
          resource: patient,
          request: { method: 'PUT', url: 'Patient/mei-lin' },
          response: { status: '200' },
        },
      ],
    },
  },
} satisfies Documentation;

export const listWebhooks = {
  owner,
  summary: 'Show what webhooks have heard and what is to be fetched',
  description: 'Failed fetches come first: they wait for a person.',
  answer: { shape: webhookStates },
  problems: [],
  example: {},
} satisfies Documentation;

const fetchId = { id: '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' };

export const retryFetch = {
  owner,
  summary: 'Fetch again at once',
  answer: { shape: webhookFetchDone },
  problems: ['request.not-found'],
  example: { params: fetchId },
} satisfies Documentation;

export const skipFetch = {
  owner,
  summary: 'Give up a failed fetch for good',
  description: 'The reason is an entry of the audit log.',
  body: { shape: skipFetchBody },
  answer: { shape: webhookFetchDone },
  problems: ['request.not-found', 'request.malformed', 'request.unsupported-media-type'],
  example: { params: fetchId, body: { reason: 'the resource was deleted at the source' } },
} satisfies Documentation;
