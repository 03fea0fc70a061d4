import type { MedshareClient } from '@medshare/client';
import { countAuditEvents, readAuditEvents } from '../audit/read-audit-events.js';
import { waitUntil } from './wait-until.js';

export interface Anchored {
  /** Messages received, records sealed and anchored, since the institutions were founded. */
  received: number;
  sealed: number;
  anchored: number;
  /** Blocks of the newest anchors. */
  blocks: number[];
}

type Auditor = Pick<MedshareClient, 'auditEvents'>;

/**
 * Waits until everything that was received is anchored, seen as the regulator sees it.
 *
 * @param least how many messages must have been received
 */
export function awaitAnchors(
  auditor: Auditor,
  least: number,
  { stop, say }: { stop: AbortSignal; say: (text: string) => void },
): Promise<Anchored> {
  const count = (action: string) => countAuditEvents(auditor, { action, outcome: '0' });
  return waitUntil(
    async () => {
      const received = await count('message.received');
      const [anchored, parked] = [await count('record.anchored'), await count('message.parked')];
      say(`${anchored} of ${Math.max(received, least)}`);
      if (received < least || anchored + parked < received) return undefined;
      return { received, sealed: await count('record.sealed'), anchored, blocks: await newestBlocks(auditor, least) };
    },
    { what: 'anchoring', every: 500, within: 60_000, stop },
  );
}

async function newestBlocks(auditor: Auditor, most: number): Promise<number[]> {
  const lines = await readAuditEvents(auditor, { action: 'record.anchored', outcome: '0' }, Math.max(1, most));
  const blocks = lines.flatMap(({ entities }) => entities.filter((each) => each.startsWith('block|')));
  return [...new Set(blocks.map((each) => Number(each.slice('block|'.length))))].sort((a, b) => a - b);
}
