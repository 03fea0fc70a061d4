import { z } from 'zod';
import type { AskResponse } from '@medshare/events';
import { readPrivateJson, writePrivateJson } from './private-json.js';
import { staffFile, type StaffPlace } from './staff-keys.js';

const remembered = z.strictObject({
  askId: z.uuid(),
  requests: z.array(z.strictObject({ requestId: z.string(), requestHash: z.string() })),
});
type Remembered = z.infer<typeof remembered>;
const asksFile = z.strictObject({ asks: z.array(remembered) });

/** Asks kept per person. */
const kept = 100;

/** A person's own asks, the newest first: ids only, so that `open` needs none and `revoke` finds what to sign. Nothing of a patient. */
export async function rememberedAsks(place: StaffPlace): Promise<Remembered[]> {
  return (await readPrivateJson(staffFile(place, 'asks'), asksFile))?.asks ?? [];
}

export async function rememberAsk(place: StaffPlace, { askId, requests }: AskResponse): Promise<void> {
  const own: Remembered = {
    askId,
    requests: requests.map(({ requestId, requestHash }) => ({ requestId, requestHash })),
  };
  const others = (await rememberedAsks(place)).filter((ask) => ask.askId !== askId);
  await writePrivateJson(staffFile(place, 'asks'), { asks: [own, ...others].slice(0, kept) });
}
