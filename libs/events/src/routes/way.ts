import { z } from 'zod';
import { definePeerRoute } from '../route.js';
import { millis, opaqueId } from '../scalars.js';

const shape = {
  audience: 'institution',
  idempotent: true,
  maxBytes: 16 * 1024,
  request: z.strictObject({ ids: z.array(z.string().min(1).max(128)).min(1).max(50) }),
  response: z.strictObject({
    /** those that the role's inbox knows; ids of done events are forgotten with the bus's retention */
    events: z
      .array(
        z.strictObject({
          id: z.string().max(128),
          state: z.enum(['done', 'skipped', 'parked', 'waiting', 'replaying']),
          at: millis,
          code: z.string().max(64).nullable(),
          where: z.string().max(256).nullable(),
          behind: z.string().max(128).nullable(),
        }),
      )
      .max(50),
  }),
} as const;

const findEvents = (role: string) =>
  definePeerRoute({
    ...shape,
    example: { ids: ['6f1f9e6c-0f64-4a52-9d3d-0a2f5c9b7e11'] },
    name: `${role}.find-events`,
    path: `/internal/${role}/events/find`,
  });

/** What a role's inbox knows of events, for whoever follows a record's way through the institution. */
export const findClassifierEvents = findEvents('classifier');
export const findVaultEvents = findEvents('vault');
export const findLedgerEvents = findEvents('ledger');

/** Whether a record's anchor is on the chain. */
export const findAnchoring = definePeerRoute({
  name: 'ledger.find-anchoring',
  path: '/internal/ledger/anchors/find',
  audience: 'institution',
  idempotent: true,
  maxBytes: 1024,
  example: { recordId: '6f1f9e6c-0f64-4a52-9d3d-0a2f5c9b7e11' },
  request: z.strictObject({ recordId: opaqueId }),
  response: z.strictObject({
    state: z.enum(['waiting', 'anchored', 'refused', 'unknown']),
    block: millis.optional(),
    /** when its block was followed; unknown for records anchored by an earlier release */
    at: millis.optional(),
  }),
});
