import { databaseTime, readHeld, removePayloadsBefore, tellHeld, type Held } from '@medshare/outbox';
import { asProblem } from '@medshare/problems';
import { roleNames, type RoleContext, type RoleName } from '@medshare/role';
import type { Config } from '../config.js';
import type { Assembled } from './assemble.js';
import { startWatches } from './start-watches.js';
import { watchCertificates } from './watch-certificates.js';

/** Between two rounds, ms. */
const every = 3_600_000;
const DAY = 86_400_000;
/** What is needed longer is kept longer by this much, ms; a transit key seals for one day. */
const margin = DAY;
/** How long what a role told counts, and a look, ms: a round or two may fail. Together with `ON_ITS_WAY_MS` far below `margin`. */
const fresh = 3 * every;

export interface Housekeeping {
  stop(): Promise<void>;
}

/** What of an institution is kept house for: the roles of this process, and what they share with those of others. */
export type Housed = Pick<Assembled, 'bus' | 'logger'> & {
  readonly contexts: ReadonlyMap<RoleName, Pick<RoleContext, 'database' | 'inbox'>>;
  readonly transit: {
    readonly database: Assembled['transit']['database'];
    readonly payloads: Pick<Assembled['transit']['payloads'], 'destroyKeysBefore'>;
  };
};

/** Forgets on time what is done: events on the bus, ids of events, payloads and the keys they were sealed under. */
export function startHousekeeping(config: Config, assembled: Assembled): Housekeeping {
  const rounds = new ForgettingRounds(config.limits, assembled);
  // told at once, too: other processes need not wait for an hour to hear of these roles
  let running = quietly(assembled, () => rounds.tell());
  const timer = setInterval(() => (running = quietly(assembled, () => rounds.round())), every).unref();
  const { contexts, bus, metrics, logger, clock } = assembled;
  const watch = startWatches({
    roles: [...contexts.values()],
    bus: { bus, metrics: metrics.forRole('bus'), logger },
    clock,
  });
  const certificates = watchCertificates(config, assembled);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all([running, watch.stop(), certificates.stop()]);
    },
  };
}

async function quietly({ logger }: Housed, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (caught) {
    logger.warn({ code: asProblem(caught).code }, 'housekeeping was cut off, will retry');
  }
}

/**
 * Rounds of one process. While a consumer lags or an event is parked, at any role of the institution in whatever process, nothing that it
 * may need is forgotten: payloads, keys and the bus are shared by all roles, and an event that is replayed comes to every group of its topic.
 *
 * No single look shows that all old events are done: each role tells what it holds at a time of its own, and an event that waited long
 * unconsumed may be parked between that and a look at the bus, which counts what is parked as done. So it takes two:
 * 1. every role has told that nothing waits in its outbox, but for what is on its way, and after that the bus had nothing left to do:
 *    each event appended up to then is done or parked;
 * 2. every role has told once more since, and has nothing parked: each of them is done.
 * What is parked after that was appended, with its payload, at most `fresh` twice and `ON_ITS_WAY_MS` before: less than `margin`. An
 * event that is replayed is older, but stands in the inbox until it is done, whatever its state.
 *
 * All times are the database's, as those of the rows are: clocks of machines differ.
 */
export class ForgettingRounds {
  /** when a first look ended that no second one has confirmed yet; after one, when the last ended */
  #clearAt: number | undefined;
  #silent = '';

  constructor(
    private readonly limits: Pick<Config['limits'], 'retentionDays'>,
    private readonly housed: Housed,
  ) {}

  /** Tells what the roles of this process hold. */
  async tell(): Promise<void> {
    const { contexts, transit } = this.housed;
    for (const [role, { database }] of contexts) await tellHeld(transit.database, role, database);
  }

  /** Tells, looks, and forgets what is past its retention once two looks have shown that nobody needs it. */
  async round(): Promise<void> {
    await this.tell();
    const now = await this.#look();
    if (now === undefined) return;
    const { bus, contexts, transit, logger } = this.housed;
    const before = now - this.limits.retentionDays * DAY;
    await bus.removeBefore?.(before);
    // ids outlive their events, payloads the events that name them, keys the payloads under them
    for (const { inbox } of contexts.values()) await inbox.forgetBefore(before - margin);
    const payloads = await removePayloadsBefore(transit.database, before - margin);
    const keys = await transit.payloads.destroyKeysBefore(before - 3 * margin);
    logger.info({ count: payloads + keys }, 'forgot payloads and keys past their retention');
  }

  /** @returns when it ended (ms since the epoch, the database's), if it confirms an earlier one */
  async #look(): Promise<number | undefined> {
    const { bus, transit } = this.housed;
    const asked = await databaseTime(transit.database);
    const told = (await readHeld(transit.database)).filter(({ toldAt }) => isLately(toldAt, asked));
    if (this.#someSilent(told) || told.some(({ oldest }) => oldest !== undefined)) return undefined;
    if ((await bus.lag()).some(({ lag }) => lag > 0)) return undefined;
    const now = await databaseTime(transit.database);
    const first = this.#clearAt;
    const counts = first !== undefined && isLately(first, now);
    const confirmed = counts && told.every(({ toldAt }) => toldAt > first);
    // one that counts but is not confirmed yet stays: others tell when their hour comes
    if (confirmed || !counts) this.#clearAt = now;
    return confirmed ? now : undefined;
  }

  /**
   * Whether a role has not told lately, because no process of it runs or its release does not tell yet. It may hold anything, and keeps
   * everything from being forgotten: said when that begins, and when the roles become others.
   */
  #someSilent(told: readonly Held[]): boolean {
    const silent = roleNames.filter((name) => !told.some(({ role }) => role === name)).join(' ');
    if (silent !== '' && silent !== this.#silent)
      this.housed.logger.warn(
        { where: silent },
        'nothing is forgotten: these roles have not told lately what they hold',
      );
    this.#silent = silent;
    return silent !== '';
  }
}

/** A time that is still to come was told while the clock was wrong, and tells nothing. */
const isLately = (at: number, now: number): boolean => at <= now && now - at <= fresh;
