import type { MedshareClient } from '@medshare/client';
import type { AskResponse, OpenResponse } from '@medshare/events';
import { cast } from './cast.js';
import { waitUntil } from './wait-until.js';

const isSensitive = (about: string): boolean => about.startsWith('sensitive:');

/** Asks until the records' classes are shareable: the custodians need a moment to acknowledge their leaves. */
export function askForAll(doctor: MedshareClient, stop: AbortSignal): Promise<AskResponse> {
  const { patient, purpose, days } = cast;
  return waitUntil(
    async () => {
      const answer = await doctor.ask({ identifier: patient, purpose, days, relation: 'treating' });
      const classes = answer.requests.map((request) => request.class);
      return classes.includes('ordinary') && classes.some(isSensitive) ? answer : undefined;
    },
    { what: 'requests for both classes', every: 1000, within: 30_000, stop },
  );
}

/** Opens as soon as every request of the kind is granted. */
export async function openWhenGranted(
  doctor: MedshareClient,
  askId: string,
  { sensitive, stop }: { sensitive: boolean; stop: AbortSignal },
): Promise<OpenResponse> {
  await waitUntil(
    async () => {
      const { requests } = await doctor.asked(askId);
      const wanted = requests.filter((request) => isSensitive(request.class) === sensitive);
      return wanted.every(({ state }) => state === 'granted') || undefined;
    },
    { what: `grants of the ${sensitive ? 'sensitive' : 'ordinary'} class`, every: 250, within: 30_000, stop },
  );
  return doctor.open(askId);
}

/** Opens again and again until there is more than before. */
export const openMore = (
  doctor: MedshareClient,
  askId: string,
  before: number,
  stop: AbortSignal,
): Promise<OpenResponse> =>
  waitUntil(
    async () => {
      const answer = await doctor.open(askId);
      return answer.opened.length > before ? answer : undefined;
    },
    { what: 'the later result', every: 750, within: 60_000, stop },
  );

/** Approves, as one person, the requests of an ask that wait for that person's roles. @returns the places filled */
export function approveAsk(approver: MedshareClient, { requests }: AskResponse, stop: AbortSignal): Promise<string[]> {
  const ids = new Set(requests.filter((request) => isSensitive(request.class)).map(({ requestId }) => requestId));
  return waitUntil(
    async () => {
      const waiting = (await approver.approvals()).filter(
        ({ requestId, state }) => ids.has(requestId) && state === 'waiting',
      );
      if (new Set(waiting.map(({ requestId }) => requestId)).size < ids.size) return undefined;
      const filled: string[] = [];
      for (const each of waiting) {
        await approver.approve(each);
        filled.push(each.leaf);
      }
      return filled;
    },
    { what: 'the notice of the request', every: 500, within: 30_000, stop },
  );
}

/** `5 ordinary, 1 sensitive:hiv` */
export function byClass(items: readonly { class?: string | undefined }[]): string {
  const counts = new Map<string, number>();
  for (const { class: about = '?' } of items) counts.set(about, (counts.get(about) ?? 0) + 1);
  return [...counts].map(([about, count]) => `${count} ${about}`).join(', ') || 'nothing';
}
