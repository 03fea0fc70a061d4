import { problem } from '@medshare/problems';

/** @throws Problem request.malformed */
export function requestIdOf(value: string): string {
  if (!/^[A-Za-z0-9_-]{43}$/.test(value)) throw problem('request.malformed', { where: 'path.requestId' });
  return value;
}
