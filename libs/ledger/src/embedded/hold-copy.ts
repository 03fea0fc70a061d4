import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** Between two looks whether the copy is free, ms. */
const stepMs = 500;

export interface Held {
  release(): Promise<void>;
}

interface Wish {
  /** URL of the database with the copy */
  readonly url: string;
  /** called once, when another process has it and this one waits */
  readonly onWait: () => void;
  /** Called when it was lost and another process has it now: this one must end. */
  readonly onLost: () => void;
  /** aborted when this process is to end */
  readonly stop?: AbortSignal | undefined;
}

/**
 * Takes up a member's copy of the chain, and waits while another process has it: the second replica of a member stands by.
 * Held by a lock of a session (pg_advisory_lock, PostgreSQL "Explicit Locking"), so that it is free the moment its holder's connection ends;
 * when the server itself went away it is taken again.
 * @throws the reason of `stop`, when it comes while this process stands by
 */
export async function holdCopy({ url, onWait, onLost, stop }: Wish): Promise<Held> {
  let client = await connected(url);
  let released = false;
  for (let waited = false; !(await taken(client)); waited = true) {
    if (!waited) onWait();
    await sleep(stepMs, undefined, stop && { signal: stop }).catch(() => client.end());
    stop?.throwIfAborted();
  }
  const again = async (): Promise<void> => {
    for (;;) {
      if (released) return;
      const next = await connected(url).catch(() => undefined);
      const got = next && (await taken(next).catch(() => undefined));
      if (next && got) return watch(next);
      await next?.end().catch(() => undefined);
      if (got === false) return onLost();
      await sleep(stepMs, undefined, { ref: false });
    }
  };
  const watch = (held: pg.Client): void => {
    client = held;
    held.once('end', () => void again());
  };
  watch(client);
  return {
    async release() {
      released = true;
      await client.end().catch(() => undefined);
    },
  };
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'medshare chain holder', keepAlive: true });
  // the end follows, and is what is acted on
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

const taken = async (client: pg.Client): Promise<boolean> => {
  const { rows } = await client.query<{ got: boolean }>(
    `SELECT pg_try_advisory_lock(hashtextextended('medshare.chain-copy', 0)) AS got`,
  );
  return rows[0]?.got === true;
};
