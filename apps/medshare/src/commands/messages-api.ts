import type { Command } from 'commander';
import type { z } from 'zod';
import { fromProblemJson, problem } from '@medshare/problems';
import { actingAs, withWho, type WhoOptions } from './acting-as.js';
import type { Surroundings } from './outcome.js';

/** The message browser's routes, for one person at one institution. */
export interface MessagesApi {
  get<T>(path: string, shape: z.ZodType<T>, query?: Query): Promise<T>;
  post<T>(path: string, shape: z.ZodType<T>, body: object): Promise<T>;
  bytes(path: string, body: object): Promise<Uint8Array>;
}
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Who looks after messages in a demo. */
const engineer = 'it.sun';

export const withEngineer = (command: Command): Command => withWho(command, { required: false });

export async function messagesApi(options: WhoOptions, within: Surroundings, as = engineer): Promise<MessagesApi> {
  const { httpUrl, token } = await actingAs({ ...options, as: options.as ?? as }, within);
  const call = async (path: string, init: RequestInit & { body?: string } = {}): Promise<Response> => {
    const headers = {
      authorization: `Bearer ${await token()}`,
      ...(init.body !== undefined && { 'content-type': 'application/json' }),
    };
    const response = await fetch(new URL(path, httpUrl), { ...init, headers, signal: within.stop });
    if (response.ok) return response;
    throw fromProblemJson(await response.json().catch(() => undefined));
  };
  const json = async <T>(response: Response, shape: z.ZodType<T>, path: string): Promise<T> => {
    const found = shape.safeParse(await response.json().catch(() => undefined));
    if (found.success) return found.data;
    throw problem('peer.refused', { where: path, detail: 'the answer is not of this release' });
  };
  const post = (path: string, body: object) => call(path, { method: 'POST', body: JSON.stringify(body) });
  return {
    get: async (path, shape, query = {}) => json(await call(path + queryOf(query)), shape, path),
    post: async (path, shape, body) => json(await post(path, body), shape, path),
    bytes: async (path, body) => new Uint8Array(await (await post(path, body)).arrayBuffer()),
  };
}

function queryOf(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

/** Follows pages to their end, or to so many. */
export async function allPages<T>(
  most: number,
  page: (cursor: number | undefined, limit: number) => Promise<{ items: readonly T[]; next: number | null }>,
): Promise<T[]> {
  const found: T[] = [];
  for (let cursor: number | undefined; ;) {
    const { items, next } = await page(cursor, Math.min(500, most - found.length));
    found.push(...items);
    if (next === null || found.length >= most) return found;
    cursor = next;
  }
}
