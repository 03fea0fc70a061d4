import { within } from '../../faults/database-of.js';
import { anchorCount, isQuiet } from '../../faults/promises.js';
import { lastingFindings } from '../../faults/run-fsck.js';
import { startDemo, until, type Demo } from '../../harness/demo.js';
import { admission, hivTest, patient, sodium } from '../../harness/messages.js';
import type { Campaign, Finding, Outcome, Part } from '../campaign.js';
import { Chance } from '../chance.js';
import { changes, effectsOf, redeliver } from './redeliver.js';

/** Patients of a part, each with three messages. */
const patients = 12;
const institutions = ['harbor', 'lakeside', 'summit'] as const;
/** Longest until a part's deliveries are worked off, ms. */
const patience = 600_000;

export async function playHospital(demo: Demo, of: number): Promise<void> {
  const people = Array.from({ length: of }, (_, n) => patient(n + 1));
  await demo.send('harbor', ...people.flatMap((one) => [admission(one), sodium(one), hivTest(one)]));
  await until('everything is anchored', () => settledAt(demo, 'harbor', 3 * of), patience);
  for (const id of institutions) await until(`${id} is quiet`, () => settledAt(demo, id, 0), patience);
}

const settledAt = (demo: Demo, id: string, anchors: number): Promise<boolean> =>
  within(demo.data, id, async (client) => (await anchorCount(client)) >= anchors && (await isQuiet(client)));

/** @returns how often events came again, and what they changed */
export async function deliverAgain(
  demo: Demo,
  chance: Chance,
  wanted: number,
): Promise<{ delivered: number; changed: string[] }> {
  const changed: string[] = [];
  let delivered = 0;
  for (const [n, id] of institutions.entries()) {
    // most at the institution whose records they are
    const share = n === 0 ? wanted - 2 * Math.floor(wanted / 6) : Math.floor(wanted / 6);
    const before = await within(demo.data, id, effectsOf);
    delivered += await within(demo.data, id, (client) => redeliver(client, chance, share));
    await until(`${id} has worked off what came again`, () => settledAt(demo, id, 0), patience);
    changed.push(...changes(before, await within(demo.data, id, effectsOf)).map((line) => `${id}: ${line}`));
  }
  return { delivered, changed };
}

export const deliveries: Campaign = {
  name: 'deliveries',
  about: 'every event again and again, in any order, at every role of three institutions: one effect each',
  units: 100_000,
  part: 10_000,
  async run({ seed, from, to, onProgress }: Part): Promise<Outcome> {
    const demo = await startDemo();
    try {
      await playHospital(demo, patients);
      const { delivered, changed } = await deliverAgain(demo, new Chance(seed, from), to - from);
      onProgress(delivered);
      const disagreements = (await lastingFindings(demo.data)).map((one) => JSON.stringify(one));
      const found = (what: string, details: readonly string[]): Finding[] =>
        details.map((detail) => ({ unit: from, what, detail }));
      const findings = [...found('a second effect', changed), ...found('fsck', disagreements)];
      return { counts: { delivered, messages: 3 * patients }, peaks: {}, findings };
    } finally {
      await demo.stop();
      await demo.remove();
    }
  },
};
