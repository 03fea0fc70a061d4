import { z } from 'zod';
import { emergencyCode } from '../routes/access.js';
import { institutionId, millis, opaqueId, sensitivityClass } from '../scalars.js';

const person = z.strictObject({
  institution: institutionId,
  person: z.string().max(128),
  roles: z.array(z.string().max(40)).max(20),
});

/** Whether breaking the glass was right. `needs-follow-up` keeps the review open. */
export const reviewOutcome = z.enum(['justified', 'not-justified', 'needs-follow-up']);
export type ReviewOutcome = z.infer<typeof reviewOutcome>;

/** An emergency that a privacy officer must review: at the institution whose clinician asked, and at the one whose records were asked for. */
export const review = z.strictObject({
  reviewId: opaqueId,
  side: z.enum(['requester', 'owner']),
  askId: opaqueId,
  requester: person,
  /** Whose records were asked for, where this is the owner. */
  owner: institutionId.optional(),
  reason: z.strictObject({ code: emergencyCode, text: z.string().max(500) }),
  /** What the owner permitted, where this is the owner. */
  classes: z.array(sensitivityClass).max(64),
  openedAt: millis,
  dueAt: millis,
  overdue: z.boolean(),
  state: z.enum(['open', 'follow-up', 'closed']),
  outcomes: z
    .array(
      z.strictObject({
        outcome: reviewOutcome,
        reason: z.string().max(1000),
        /** The reviewer's pseudonym. */
        by: z.string().max(128),
        at: millis,
      }),
    )
    .max(100),
});
export type Review = z.infer<typeof review>;

/** Which reviews: `due` is what is not closed, `overdue` what should be. */
export const reviewFilter = z.enum(['due', 'overdue', 'open', 'follow-up', 'closed', 'all']);
export type ReviewFilter = z.infer<typeof reviewFilter>;
export const reviewQuery = z.strictObject({ state: reviewFilter.optional() });

/** `GET /access/reviews?state=`: the oldest first. */
export const reviews = z.strictObject({ reviews: z.array(review).max(500) });

/** `POST /access/reviews/{reviewId}`. */
export const reviewBody = z.strictObject({ outcome: reviewOutcome, reason: z.string().trim().min(1).max(1000) });

/** What a patient is told about access to their records. */
export const notification = z.strictObject({
  notificationId: opaqueId,
  kind: z.enum(['emergency', 'access']),
  at: millis,
  /** The institution that keeps the records. */
  owner: institutionId,
  requester: z.strictObject({ institution: institutionId, roles: z.array(z.string().max(40)).max(20) }),
  purpose: z.string().max(16),
  classes: z.array(sensitivityClass).max(64),
  /** Until when what was asked for can be opened, at most. */
  until: millis,
  /** Of an emergency. */
  code: emergencyCode.optional(),
  /** When the patient first saw it. */
  seenAt: millis.optional(),
});
export type Notification = z.infer<typeof notification>;

/** `GET /access/notifications`: the newest first. */
export const notifications = z.strictObject({ notifications: z.array(notification).max(500) });

export const reviewResponse = z.strictObject({ reviewId: opaqueId, state: z.enum(['follow-up', 'closed']) });
