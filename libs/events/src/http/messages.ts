import { z } from 'zod';
import { opaqueId } from '../scalars.js';

/** Names one patient's stream among others, without telling its key. */
const stream = z.string().regex(/^[0-9a-f]{16}$/);
const code = z.string().max(64);
const place = z.string().max(256);
const page = z.int().nonnegative();

/** accepted: on its way. parked: somebody must look. waiting: for another patient's stream that a merge joined with its own. */
export const messageState = z.enum(['accepted', 'mapped', 'parked', 'waiting', 'replaying', 'skipped']);
export type MessageState = z.infer<typeof messageState>;

/** A message that was acknowledged; nothing of its content. */
export const listedMessage = z.strictObject({
  id: opaqueId,
  position: page,
  kind: z.string().max(16),
  feed: z.string().max(64),
  state: messageState,
  /** bytes */
  size: page,
  receivedAt: z.iso.datetime(),
  recordId: opaqueId.nullable(),
  stream,
  problem: code.nullable(),
  where: place.nullable(),
});
export type ListedMessage = z.infer<typeof listedMessage>;

/** `GET /messages`: newest first; `next` goes into `before` for the next page, null on the last one. */
export const messageListing = z.strictObject({
  messages: z.array(listedMessage).max(500),
  next: page.nullable(),
});

/** `GET /messages/refused`: what was not acknowledged, newest first. */
export const refusalListing = z.strictObject({
  refusals: z
    .array(
      z.strictObject({
        id: opaqueId,
        position: page,
        time: z.iso.datetime(),
        via: z.string().max(16),
        kind: z.string().max(16),
        feed: z.string().max(64).nullable(),
        /** keyed hash: equal refusals can be told */
        content: z.string().max(64).nullable(),
        size: page,
        problems: z.array(z.strictObject({ code, where: place.optional() })).max(50),
      }),
    )
    .max(500),
  next: page.nullable(),
});

/** One step of a message's way. */
export const wayStep = z.strictObject({
  step: z.enum(['received', 'acknowledged', 'mapped', 'classified', 'sealed', 'queued', 'anchored']),
  /** unknown: the role could not be asked, or has forgotten it */
  state: z.enum(['done', 'pending', 'parked', 'waiting', 'replaying', 'skipped', 'refused', 'unknown']),
  at: z.iso.datetime().nullable(),
  problem: code.nullable(),
  where: place.nullable(),
  /** the event that holds its stream up */
  behind: z.string().max(128).nullable(),
  block: page.optional(),
});
export type WayStep = z.infer<typeof wayStep>;

/** `GET /messages/{id}` */
export const shownMessage = z.strictObject({
  ...listedMessage.shape,
  way: z.array(wayStep).max(16),
  /** reason of a skip */
  reason: z.string().max(1000).nullable(),
});
export type ShownMessage = z.infer<typeof shownMessage>;

/** `GET /messages/feeds`: what each feed's messages wait for. */
export const feedLags = z.strictObject({
  feeds: z
    .array(
      z.strictObject({
        feed: z.string().max(64),
        /** on their way, parked ones not counted */
        unprocessed: page,
        oldestAt: z.iso.datetime().nullable(),
        parked: page,
        waiting: page,
      }),
    )
    .max(1000),
});

/** `POST /messages/{id}/content`: the bytes as they came, for whoever may see them; the reason is audited before they are given. */
export const contentBody = z.strictObject({ reason: z.string().trim().min(1).max(200) });

/** `GET /parked`: what waits, by role, of the roles that run here. */
export const parkedFigures = z.strictObject({
  roles: z
    .array(
      z.strictObject({
        role: z.string().max(32),
        parked: page,
        waiting: page,
        replaying: page,
        streams: page,
        oldestAt: z.iso.datetime().nullable(),
        limit: page,
      }),
    )
    .max(16),
});

export const parkedState = z.enum(['parked', 'waiting', 'replaying']);

/** `GET /parked/{role}`: in the order of parking; `next` goes into `after`. */
export const parkedListing = z.strictObject({
  events: z
    .array(
      z.strictObject({
        seq: page,
        id: z.string().max(128),
        topic: z.string().max(128),
        stream,
        state: parkedState,
        problem: code,
        where: place.nullable(),
        since: z.iso.datetime(),
        /** the event that holds its stream up; null when it does so itself */
        behind: z.string().max(128).nullable(),
        /** the event whose other streams it waits for */
        fence: z.string().max(128).nullable(),
      }),
    )
    .max(500),
  next: page.nullable(),
});
export type ParkedListing = z.infer<typeof parkedListing>;

/** `GET /parked/{role}/streams`: each held-up patient's stream and what holds it up, the longest first. */
export const parkedStreams = z.strictObject({
  streams: z
    .array(
      z.strictObject({
        stream,
        events: page,
        since: z.iso.datetime(),
        first: z.string().max(128),
        topic: z.string().max(128),
        state: parkedState,
        problem: code,
        where: place.nullable(),
      }),
    )
    .max(500),
});

const eventId = z.string().min(1).max(128);
/** `POST /parked/{role}/replay` */
export const replayBody = z.strictObject({ id: eventId });
/** Events sent on their way again, later ones of the stream included; 0: it is done already. */
export const replayResponse = z.strictObject({ id: eventId, events: page });
/** `POST /parked/{role}/skip`: the reason is kept; it must not speak of the patient. */
export const skipBody = z.strictObject({ id: eventId, reason: z.string().trim().min(1).max(1000) });
/** False: it was given up before. */
export const skipResponse = z.strictObject({ id: eventId, skipped: z.boolean() });
