import { anchorBatch, type Anchor, type Batch, type Conflict } from '@medshare/events/chain';
import { encodeDocument, hashDocument, parseArgument, readDocument, readRegion, sameDocument } from './documents.js';
import { batchRoot } from './batch-root.js';
import { memberOf } from './check-certificate.js';
import { keys } from './keys.js';
import { demand } from './refusal.js';
import type { Context, Json } from './state.js';

/**
 * Anchors a batch of records. An anchor that already stands unchanged is counted and not written again; one whose tag is taken
 * by other content is not taken but recorded as a conflict, and the batch goes on. The root is over the anchors that stand,
 * in the order given.
 */
export async function anchor(context: Context, args: unknown): Promise<Json> {
  const { institution, anchors } = parseArgument(anchorBatch, args);
  const region = await readRegion(context.state);
  memberOf(region, institution);
  demand(
    institution === context.creator,
    'ledger.refused',
    'an institution anchors its own records only',
    'institution',
  );
  demand(anchors.length <= region.limits.anchorsPerBatch, 'ledger.refused', 'the batch is too large', 'anchors');

  const { standing, fresh, refused } = sort(anchors, await readPresent(context, institution, anchors));
  for (const one of fresh) context.state.put(keys.anchor(institution, one.tag), encodeDocument(one));
  for (const one of refused) {
    await recordConflict(context, hashDocument(region, 'anchor', one), {
      version: 1,
      institution,
      tag: one.tag,
      refused: one,
    });
  }
  const conflicts = refused.map(({ tag }) => tag);
  if (standing.length === 0) return { root: null, size: 0, conflicts };
  const root = batchRoot(region, standing);
  await recordBatch(context, { version: 1, institution, root, size: standing.length });
  return { root, size: standing.length, conflicts };
}

async function readPresent({ state }: Context, institution: string, anchors: readonly Anchor[]) {
  const tags = [...new Set(anchors.map(({ tag }) => tag))];
  const found = await Promise.all(tags.map((tag) => readDocument<Anchor>(state, keys.anchor(institution, tag))));
  return new Map(tags.map((tag, i) => [tag, found[i]] as const));
}

/** `present` also takes up what the batch itself writes, which the state does not show yet. */
function sort(anchors: readonly Anchor[], present: Map<string, Anchor | undefined>) {
  const standing = new Map<string, Anchor>();
  const fresh: Anchor[] = [];
  const refused: Anchor[] = [];
  for (const one of anchors) {
    const there = present.get(one.tag);
    if (there === undefined) {
      present.set(one.tag, one);
      fresh.push(one);
      standing.set(one.tag, one);
    } else if (sameDocument(there, one)) standing.set(one.tag, one);
    else refused.push(one);
  }
  return { standing: [...standing.values()], fresh, refused };
}

async function recordBatch(context: Context, batch: Batch): Promise<void> {
  const key = keys.batch(batch.institution, batch.root);
  if ((await context.state.get(key)) !== undefined) return;
  context.state.put(key, encodeDocument(batch));
  context.emit({ name: 'anchored', value: { institution: batch.institution, root: batch.root, size: batch.size } });
}

async function recordConflict(context: Context, hash: string, found: Omit<Conflict, 'time'>): Promise<void> {
  const key = keys.conflict(found.institution, found.tag, hash);
  if ((await context.state.get(key)) !== undefined) return;
  context.state.put(key, encodeDocument({ ...found, time: context.time }));
  context.emit({ name: 'conflict', value: { institution: found.institution, tag: found.tag, hash } });
}
