import { z } from 'zod';

const mebibyte = 1024 * 1024;
const count = (max: number) => z.int().min(1).max(max);

/** One sender, and what is agreed with it. */
export const feedSettings = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/),
  /** MSH-3.1; any when left out */
  sendingApplication: z.string().min(1).max(227).optional(),
  /** MSH-4.1; any when left out */
  sendingFacility: z.string().min(1).max(227).optional(),
  /** IANA zone of times that name no offset */
  zone: z.string().min(1).max(64),
  /** what becomes of a control id seen before with other content */
  onConflict: z.enum(['refuse', 'accept-as-new']),
  /** assigning authority (PID-3.4.1) → identifier system, where the message names no universal id */
  agreedIdentifierSystems: z.record(z.string().min(1).max(227), z.string().min(1).max(256)).optional(),
});
export type Feed = z.output<typeof feedSettings>;

/** The MLLP server. Times in ms, sizes in bytes. */
export const mllpSettings = z.strictObject({
  host: z.string().min(1).max(255).default('127.0.0.1'),
  /** 0 takes any free one */
  port: z.int().min(0).max(65_535).default(2575),
  maxMessageBytes: count(64 * mebibyte).default(16 * mebibyte),
  maxConnections: count(10_000).default(256),
  /** silence after which a connection is closed */
  idleTimeout: count(86_400_000).default(600_000),
  /** messages of one connection that wait for their answer; past it nothing more is read */
  maxInFlight: count(10_000).default(256),
  feeds: z.array(feedSettings).max(256).default([]),
});

export const ingestSettings = z.strictObject({
  mllp: mllpSettings.prefault({}),
  /** largest HTTP body, before and after decompression */
  maxBodyBytes: count(256 * mebibyte).default(16 * mebibyte),
  /** name of HL7 table 0211 that holds where MSH-18 is empty */
  defaultCharset: z.string().min(1).max(32).default('ASCII'),
  /** bytes of messages that may wait for the database at one time; past it senders are told to come back */
  maxWaitingBytes: count(4096 * mebibyte).default(128 * mebibyte),
});
export type IngestSettings = z.output<typeof ingestSettings>;

/**
 * @param sender MSH-3.1 and MSH-4.1
 * @returns the feed that names most of the sender; undefined when none fits
 */
export function findFeed(
  feeds: readonly Feed[],
  sender: { readonly application: string; readonly facility: string },
): Feed | undefined {
  const fits = feeds.filter(
    ({ sendingApplication, sendingFacility }) =>
      (sendingApplication ?? sender.application) === sender.application &&
      (sendingFacility ?? sender.facility) === sender.facility,
  );
  const named = (feed: Feed) =>
    Number(feed.sendingApplication !== undefined) + Number(feed.sendingFacility !== undefined);
  return fits.reduce<Feed | undefined>((best, feed) => (best && named(best) >= named(feed) ? best : feed), undefined);
}
