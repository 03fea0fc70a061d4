import { z } from 'zod';

const feed = z.string().max(64);
const count = z.int().min(0);
const code = z.string().max(64);

/** `GET /webhooks`: what FHIR subscriptions of other systems have told, and what is to be fetched because of it. */
export const webhookStates = z.strictObject({
  subscriptions: z
    .array(
      z.strictObject({
        feed,
        /** opaque, the same for the same subscription */
        subscription: z.string().regex(/^[0-9a-f]{16}$/),
        /** as its source last said: active, error, off */
        status: z.string().max(32),
        lastEvent: count,
        /** events that did not come and were, or are to be, fetched */
        missed: count,
        heardAt: z.iso.datetime(),
      }),
    )
    .max(500),
  fetches: z
    .array(
      z.strictObject({
        id: z.uuid(),
        feed,
        kind: z.enum(['events', 'resource', 'search']),
        /** failed: waits for a person */
        state: z.enum(['due', 'failed']),
        events: z.strictObject({ first: count, last: count }).nullable(),
        attempts: count,
        problem: code.nullable(),
        where: z.string().max(256).nullable(),
        madeAt: z.iso.datetime(),
        nextAt: z.iso.datetime(),
      }),
    )
    .max(500),
});
export type WebhookStates = z.infer<typeof webhookStates>;

/** `POST /webhooks/fetches/{id}/skip` */
export const skipFetchBody = z.strictObject({ reason: z.string().trim().min(1).max(200) });

/** What was done to a fetch. */
export const webhookFetchDone = z.strictObject({ id: z.uuid() });
