import { createHash } from 'node:crypto';
import type { BusMessage } from '@medshare/bus';
import { problem } from '@medshare/problems';

/** most keys that one event holds together */
export const MAX_FENCE_KEYS = 32;

/** The streams that one event holds together: it is done after all that came before it in each, and before all that comes after. */
export interface Fence {
  /** the event's id; of the halves, the one that carries it is the event itself */
  readonly id: string;
  /** the event's own key first */
  readonly keys: readonly string[];
}

const idHeader = 'fence-id';
const keysHeader = 'fence-keys';

/**
 * The halves of an event that also fences the streams of other keys, one for each key; append them together, so that every stream
 * has them at the same place. Without other keys it is the event alone. The halves carry the same value: whichever comes last does
 * the effect.
 * @throws Problem `request.too-large` past {@link MAX_FENCE_KEYS}, `event.invalid` for a key with a space
 */
export const fenced = <M extends BusMessage>(event: M, others: Iterable<string>): M[] => {
  const keys = [...new Set([event.key, ...others])];
  if (keys.length === 1) return [event];
  if (keys.length > MAX_FENCE_KEYS)
    throw problem('request.too-large', { where: 'fence', detail: `at most ${MAX_FENCE_KEYS} streams` });
  if (keys.some((key) => key.includes(' '))) throw problem('event.invalid', { where: 'fence' });
  const headers = { ...event.headers, [idHeader]: event.id, [keysHeader]: keys.join(' ') };
  return keys.map((key) => ({ ...event, id: halfId(event.id, event.key, key), key, headers }));
};

/** @returns undefined for an event of one stream */
export const fenceOf = ({ headers }: Pick<BusMessage, 'headers'>): Fence | undefined => {
  const [id, keys] = [headers[idHeader], headers[keysHeader]?.split(' ')];
  return id !== undefined && keys !== undefined && keys.length > 1 ? { id, keys } : undefined;
};

/** The other keys that an event fences: what is made of it fences them, too. */
export const othersFenced = (message: Pick<BusMessage, 'headers'>): readonly string[] =>
  fenceOf(message)?.keys.slice(1) ?? [];

/** The ids of all halves, by key. */
export const halvesOf = ({ id, keys }: Fence): Map<string, string> =>
  new Map(keys.map((key) => [key, halfId(id, keys[0] as string, key)]));

/** The same for the same event and key, so that a half made again is known. */
const halfId = (id: string, own: string, key: string): string =>
  key === own ? id : `fence/${createHash('sha256').update(`${id} ${key}`).digest('base64url')}`;
