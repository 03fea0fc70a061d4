import {
  fhirResource,
  healthResponse,
  logoutResponse,
  parkedFigures,
  parkedListing,
  parkedState,
  parkedStreams,
  replayBody,
  replayResponse,
  sessionResponse,
  skipBody,
  skipResponse,
} from '@medshare/events';
import type { Documentation } from '@medshare/openapi';
import { z } from 'zod';

const owner = 'platform';
const params = { role: 'classifier' };
const body = ['request.malformed', 'request.unsupported-media-type', 'request.too-large'] as const;

export const live = {
  owner,
  summary: 'Whether the process runs',
  answer: { shape: healthResponse },
  problems: [],
  example: {},
} satisfies Documentation;

export const ready = {
  owner,
  summary: 'Whether everything that requests need is there',
  answer: { shape: healthResponse },
  problems: ['storage.unavailable'],
  example: {},
} satisfies Documentation;

export const metrics = {
  owner,
  summary: 'Metrics, in the Prometheus text format',
  answer: { type: 'text/plain', shape: z.string() },
  problems: [],
  example: {},
} satisfies Documentation;

export const parkedOverview = {
  owner,
  summary: 'Count what waits for a person, by role',
  answer: { shape: parkedFigures },
  problems: [],
  example: {},
} satisfies Documentation;

const number = z.string().regex(/^\d{1,15}$/);
export const listParked = {
  owner,
  summary: "List a role's parked events",
  query: z.strictObject({
    state: parkedState.optional(),
    topic: z.string().max(128).optional(),
    code: z.string().max(64).optional(),
    patient: z
      .string()
      .regex(/^[0-9a-f]{16}$/)
      .optional(),
    first: z.enum(['true', 'false']).optional(),
    after: number.optional(),
    limit: number.optional(),
  }),
  answer: { shape: parkedListing },
  problems: ['request.invalid', 'request.not-found'],
  example: { params, query: { limit: '10' } },
} satisfies Documentation;

export const listStreams = {
  owner,
  summary: "List a role's held-up patients' streams",
  answer: { shape: parkedStreams },
  problems: ['request.not-found'],
  example: { params },
} satisfies Documentation;

export const replayEvent = {
  owner,
  summary: 'Send a parked event on its way again',
  body: { shape: replayBody },
  answer: { shape: replayResponse },
  problems: [...body, 'request.not-found', 'event.parked', 'event.fenced'],
  example: { params, body: { id: '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' } },
} satisfies Documentation;

export const skipEvent = {
  owner,
  summary: 'Give up a parked event',
  body: { shape: skipBody },
  answer: { shape: skipResponse },
  problems: [...body, 'request.not-found', 'event.parked', 'event.fenced'],
  example: {
    params,
    body: { id: '0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0', reason: 'sent again by the source under a new id' },
  },
} satisfies Documentation;

export const docsPage = {
  owner,
  summary: 'This documentation, as a page',
  answer: { type: 'text/html', shape: z.string() },
  problems: [],
  example: {},
} satisfies Documentation;

export const docsFile = {
  owner,
  summary: 'A file of the page, or an OpenAPI document: `<name>.openapi.json`',
  answer: { type: 'application/json' },
  problems: ['request.not-found'],
  example: { params: { file: 'platform.openapi.json' } },
} satisfies Documentation;

export const capabilities = {
  owner,
  summary: 'What this server does, as a FHIR CapabilityStatement',
  answer: { type: 'application/fhir+json', shape: fhirResource('CapabilityStatement') },
  problems: [],
  example: {},
} satisfies Documentation;

const away = ['peer.unavailable'] as const;

export const signIn = {
  owner,
  summary: 'Begin the sign-in of a person at a page: authorization code and PKCE at the identity provider',
  query: z.strictObject({ to: z.string().optional() }),
  answer: { status: 303, type: 'text/plain' },
  problems: away,
  example: { query: { to: '/messages' } },
} satisfies Documentation;

export const signedIn = {
  owner,
  summary: 'Where the identity provider sends the browser back to',
  query: z.strictObject({ code: z.string().optional(), state: z.string().optional(), error: z.string().optional() }),
  answer: { status: 303, type: 'text/plain' },
  problems: [...away, 'auth.unauthenticated'],
  example: { query: { code: 'kAF8hXq', state: 'n0LQ2Zm' } },
} satisfies Documentation;

export const whoIsSignedIn = {
  owner,
  summary: 'Who is signed in at the page of this browser',
  answer: { shape: sessionResponse },
  problems: [...away, 'auth.unauthenticated'],
  example: {},
} satisfies Documentation;

export const signOut = {
  owner,
  summary: 'Sign out, here and at the identity provider',
  description: 'A session is ended only by a page of ours: by a request with its `x-medshare-csrf`.',
  answer: { shape: logoutResponse },
  problems: ['auth.forbidden'],
  example: {},
} satisfies Documentation;
