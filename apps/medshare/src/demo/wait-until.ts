import { problem } from '@medshare/problems';

interface Waiting {
  /** What is waited for, in words. */
  what: string;
  /** Between two looks, ms. */
  every: number;
  /** Altogether, ms. */
  within: number;
  stop: AbortSignal;
}

/** Looks until there is something. @throws Problem request.timeout naming what did not come */
export async function waitUntil<T>(
  look: () => Promise<T | undefined>,
  { what, every, within, stop }: Waiting,
): Promise<T> {
  for (let waited = 0; ; waited += every) {
    stop.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    if (waited >= within) throw problem('request.timeout', { where: what, detail: `not within ${within / 1000} s` });
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
