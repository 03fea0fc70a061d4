import { z } from 'zod';
import { view } from '../chain.js';
import { definePeerRoute } from '../route.js';
import { base64url, hash, institutionId, millis } from '../scalars.js';

/** Own roles submit a transaction through the institution's ledger role; resolves after the commit. */
export const submitTransaction = definePeerRoute({
  name: 'ledger.submit',
  path: '/internal/ledger/transactions',
  audience: 'institution',
  idempotent: true,
  maxBytes: 1024 * 1024,
  request: z.strictObject({
    function: z.enum(['request', 'approve', 'revoke', 'consent']),
    args: z.json(),
  }),
  response: z.strictObject({ txId: z.string().max(128), block: millis, response: z.json() }),
});

/** Own roles read the committed state; values are canonical JSON documents. */
export const readState = definePeerRoute({
  name: 'ledger.read',
  path: '/internal/ledger/state/read',
  audience: 'institution',
  idempotent: true,
  maxBytes: 1024 * 1024,
  example: { keys: ['grant/3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'] },
  request: z.strictObject({ keys: z.array(z.string().max(256)).min(1).max(10_000) }),
  response: z.strictObject({
    height: millis,
    entries: z.array(z.strictObject({ key: z.string().max(256), value: z.json() })).max(10_000),
  }),
});

/** Own vault looks up which of these tags are anchored, for walking a patient's counters. */
export const lookUpAnchors = definePeerRoute({
  name: 'ledger.look-up-anchors',
  path: '/internal/ledger/anchors/look-up',
  audience: 'institution',
  idempotent: true,
  maxBytes: 1024 * 1024,
  example: { institution: 'harbor', tags: ['3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'] },
  request: z.strictObject({ institution: institutionId, tags: z.array(hash).min(1).max(1000) }),
  response: z.strictObject({
    anchors: z.array(z.strictObject({ tag: hash, anchor: z.json(), block: millis })).max(1000),
  }),
});

/** Any member asks another's ledger role to sign its view of a request. */
export const signRequestView = definePeerRoute({
  name: 'ledger.view',
  path: '/peer/ledger/views',
  audience: 'region',
  idempotent: true,
  maxBytes: 4096,
  example: { requestId: '3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', nonce: '3q2-7wAAAAAAAAAAAAAAAA' },
  request: z.strictObject({ requestId: hash, nonce: base64url.length(22) }),
  response: z.strictObject({ view }),
});

/** Own roles ask whether a transaction could be committed now, and how far the own copy reaches. */
export const readReachability = definePeerRoute({
  name: 'ledger.reachability',
  path: '/internal/ledger/reachability',
  audience: 'institution',
  idempotent: true,
  maxBytes: 1024,
  example: {},
  request: z.strictObject({}),
  response: z.strictObject({
    reachable: z.boolean(),
    height: millis,
    /** Members that did not answer. */
    away: z.array(institutionId).max(64),
  }),
});
