import type { Range } from './follow-events.js';
import type { Notification, ResourceName } from './read-notification.js';

/** What a fetch asks for; stands sealed in its payload. */
export type Asked = { readonly subscription: string } | ResourceName;

export interface Wanted {
  /** events of which nothing is known but their number */
  readonly events: Range[];
  /** what events name and did not bring */
  readonly resources: { readonly number: number; readonly focus: ResourceName }[];
}

/** What of an event's content did not come with it. */
export function findWanted({ events, attached, deleted }: Notification, fresh: readonly number[]): Wanted {
  const same = (one: Partial<ResourceName>, { type, id }: ResourceName) => one.type === type && one.id === id;
  const focuses = events.flatMap(({ focus }) => (typeof focus === 'object' ? [focus] : []));
  // a resource that is no event's focus may be what an event without focus is about
  let spare = attached.filter(({ name }) => !focuses.some((focus) => same(name, focus))).length;
  const wanted: Wanted = { events: [], resources: [] };
  for (const { number, focus } of events) {
    if (typeof focus === 'object') {
      const here = attached.some(({ name }) => same(name, focus)) || deleted.some((each) => same(each, focus));
      if (!here && fresh.includes(number)) wanted.resources.push({ number, focus });
    } else if (focus === undefined && spare > 0) spare -= 1;
    else if (fresh.includes(number)) wanted.events.push({ first: number, last: number });
  }
  return wanted;
}
