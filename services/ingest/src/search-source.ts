import { parseFhirJson, type FhirJson } from '@medshare/fhir';
import { isProblem, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { Fetching } from './fetch-one.js';
import { noteSeen, seenUntil } from './store/webhooks.js';

/** Resources of one answer; the server may give fewer. */
const count = 100;
/** Answers read in one go; the rest is read in the next, after other feeds had their turn. */
const pagesAtOnce = 50;
/** What is looked at again: a server's transactions may become visible after later ones, and clocks differ, ms. */
const overlap = 60_000;
/** Where a first search begins before the notification that asked for it, ms. */
const lookBack = 86_400_000;

type Objects = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Objects =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface Page {
  readonly resources: readonly Uint8Array[];
  /** ms, in the order of the entries; only of those that tell it */
  readonly updated: readonly number[];
  readonly next: string | undefined;
}

/** Looks through a FHIR server for what changed (`_lastUpdated`, R4 3.1.1.4.2) since it was last looked through, page by page. */
export class SearchSource {
  constructor(
    private readonly parts: Pick<RoleContext, 'database'>,
    private readonly maxBytes: number,
  ) {}

  /**
   * Each of the feed's searches. What was seen is noted after each page, so that a crash goes on from there.
   * @returns whether that was all
   * @throws Problem source.refused, source.invalid, source.unavailable
   */
  async search(doing: Fetching): Promise<boolean> {
    let whole = true;
    for (const query of doing.server.search) whole = (await this.look(query, doing)) && whole;
    return whole;
  }

  private async look(query: string, { fetch, feed, server, client, take }: Fetching): Promise<boolean> {
    const { database } = this.parts;
    const known = await seenUntil(database, feed.name, query);
    const begin = server.since === undefined ? fetch.madeAt - lookBack : Date.parse(server.since);
    const from = known === undefined ? begin : known - overlap;
    const since = `_lastUpdated=ge${new Date(from).toISOString()}&_sort=_lastUpdated&_count=${count}`;
    let address: string | undefined = `${query}${query.includes('?') ? '&' : '?'}${since}`;
    let newest = -Infinity;
    let sorted = true;
    for (let pages = 0; address !== undefined; pages += 1) {
      if (pages === pagesAtOnce) return this.later(sorted && newest > (known ?? from));
      const { status, bytes } = await client.get(address);
      if (status !== 200) throw problem('source.refused', { detail: `it answers ${status} to a search` });
      const page = this.pageOf(bytes);
      for (const resource of page.resources) await take(resource);
      for (const at of page.updated) {
        sorted &&= at >= newest;
        newest = Math.max(newest, at);
      }
      // before the end a later page may hold something earlier, unless they come in order
      if (newest > -Infinity && (sorted || page.next === undefined)) await noteSeen(database, feed.name, query, newest);
      address = page.next;
    }
    return true;
  }

  /** What was not read is read from where this came to, if it came anywhere. */
  private later(further: boolean): false {
    if (further) return false;
    throw problem('source.invalid', {
      detail: `more than ${pagesAtOnce} answers that are not in the order of _lastUpdated`,
    });
  }

  /** @throws Problem source.invalid */
  private pageOf(bytes: Uint8Array): Page {
    const { value, resources } = this.parse(bytes);
    if (value['resourceType'] !== 'Bundle') throw problem('source.invalid', { detail: 'not a Bundle' });
    const entries = Array.isArray(value['entry']) ? (value['entry'] as unknown[]) : [];
    const updated: number[] = [];
    const found = entries.flatMap((entry, index) => {
      const span = resources[index];
      const resource = isObject(entry) ? entry['resource'] : undefined;
      // warnings of the search itself
      if (!span || !isObject(resource) || resource['resourceType'] === 'OperationOutcome') return [];
      const at = isObject(resource['meta']) ? Date.parse(String(resource['meta']['lastUpdated'])) : NaN;
      const search = isObject(entry) && isObject(entry['search']) ? entry['search'] : {};
      // what is included is in no order
      if (!Number.isNaN(at) && search['mode'] !== 'include') updated.push(at);
      return [bytes.subarray(span.start, span.end)];
    });
    const links = Array.isArray(value['link']) ? (value['link'] as unknown[]) : [];
    const next = links.filter(isObject).find(({ relation }) => relation === 'next')?.['url'];
    return { resources: found, updated, next: typeof next === 'string' ? next : undefined };
  }

  private parse(bytes: Uint8Array): FhirJson {
    try {
      return parseFhirJson(bytes, { bytes: this.maxBytes });
    } catch (cause) {
      throw isProblem(cause) ? problem('source.invalid', { detail: cause.detail, cause }) : cause;
    }
  }
}
