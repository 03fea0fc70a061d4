import { readDemoSecrets } from '../found/found-demo.js';
import { problem } from '@medshare/problems';

/** A demo user's password. @throws Problem request.not-found naming the user */
export async function demoPassword(data: string, institution: string, username: string): Promise<string> {
  const { passwords } = await readDemoSecrets(data);
  const found = passwords[institution]?.[username];
  if (found === undefined) throw problem('request.not-found', { where: `${username}@${institution}` });
  return found;
}

/** Secret of the demo's service account `feed`, with which a hospital's system sends over HTTP. */
export async function demoFeedSecret(data: string, institution: string): Promise<string> {
  const { feeds } = await readDemoSecrets(data);
  const found = feeds[institution];
  if (found === undefined) throw problem('request.not-found', { where: institution });
  return found;
}
