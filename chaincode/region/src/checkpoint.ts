import { checkpoint as shape, type Checkpoint } from '@medshare/events/chain';
import { memberOf } from './check-certificate.js';
import { encodeDocument, parseArgument, readDocument, readRegion, signatureHolds } from './documents.js';
import { keys } from './keys.js';
import { demand } from './refusal.js';
import type { Context, Json } from './state.js';

/** Publishes the head of an institution's audit log. A log only grows: a smaller size, or another root at the same size, is refused. */
export async function checkpoint(context: Context, args: unknown): Promise<Json> {
  const given = parseArgument(shape, args);
  const region = await readRegion(context.state);
  const { institution, size, root, signature } = given;
  const member = memberOf(region, institution);
  demand(institution === context.creator, 'ledger.refused', 'an institution publishes its own log only', 'institution');
  const signed = signatureHolds(region.suite, member.keys.audit, 'checkpoint', { institution, size, root }, signature);
  demand(signed, 'access.forged', 'the checkpoint is not signed by the audit key', 'signature');

  const key = keys.checkpoint(institution);
  const last = await readDocument<Checkpoint>(context.state, key);
  if (last !== undefined) {
    demand(size >= last.size, 'ledger.refused', 'the log is smaller than its last checkpoint', 'size');
    if (size === last.size) {
      demand(root === last.root, 'ledger.refused', 'the log has another root at the same size', 'root');
      return { size, root };
    }
  }
  context.state.put(key, encodeDocument(given));
  context.emit({ name: 'checkpointed', value: { institution, size, root } });
  return { size, root };
}
