import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyedHashes } from '@medshare/ingest-service/keyed-hashes';
import type { FaultPoint } from '@medshare/telemetry/fault-point';
import { startDemo, until, type Demo } from '../harness/demo.js';
import { postmasterOf, within } from './database-of.js';
import { Hospital } from './hospital.js';
import { anchorCount, brokenPromises, hashesOf, isQuiet } from './promises.js';

export const victims = ['node', 'postgres', 'both'] as const;
export type Victim = (typeof victims)[number];

/** SIGKILL of the victim: at the n-th passing of a named point, or after so many ms. */
export type Kill = { readonly victim: Victim } & (
  { readonly point: FaultPoint; readonly nth: number } | { readonly after: number }
);

/** Patients whose messages are under way during a kill. */
const streams = 3;

/** The built product with a hospital that counts what was acknowledged, and a hand that kills. */
export class UnderFire {
  private constructor(
    private readonly folder: string,
    public demo: Demo,
    readonly hospital: Hospital,
    readonly hashes: KeyedHashes,
  ) {}

  static async start(): Promise<UnderFire> {
    const folder = await mkdtemp(join(tmpdir(), 'medshare-fault-'));
    const demo = await startDemo({ env: { MEDSHARE_FAULT: join(folder, 'fault') } });
    const hospital = new Hospital(demo.institutions['harbor']!.mllpPort, `K${process.pid}`);
    return new UnderFire(folder, demo, hospital, await hashesOf(demo.data));
  }

  /** Messages flow, the kill strikes, what died is started again, and everything that was acknowledged arrives. */
  async survive(kill: Kill, messages = 0): Promise<string[]> {
    const before = this.hospital.total;
    let struck = false;
    const sending = this.hospital.stream(streams, () => struck && this.hospital.total - before >= messages);
    try {
      if (await this.strike(kill)) await this.startAgain();
    } catch (cause) {
      throw new Error(`after: ${this.demo.output().slice(-2_000)}`, { cause });
    } finally {
      struck = true;
      await sending;
    }
    await this.settled();
    return this.broken();
  }

  /** A case that failed leaves the next ones what they need. */
  async ensureRunning(): Promise<void> {
    if (stateOf(this.demo.pid) === undefined) await this.startAgain();
  }

  broken(): Promise<string[]> {
    return within(this.demo.data, 'harbor', (client) =>
      brokenPromises(client, this.hashes, this.hospital.acknowledged),
    );
  }

  async close(): Promise<void> {
    await this.demo.stop();
    await this.demo.remove();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async startAgain(): Promise<void> {
    this.demo = await startDemo({ ...this.demo, env: { MEDSHARE_FAULT: join(this.folder, 'fault') } });
  }

  /** @returns whether Node must be started again */
  private async strike(kill: Kill): Promise<boolean> {
    if ('point' in kill) await this.haltAt(kill.point, kill.nth, kill.victim);
    else await sleep(kill.after);
    const { victim } = kill;
    if (victim !== 'node') process.kill(await postmasterOf(this.demo.data), 'SIGKILL');
    if (victim === 'both' || (victim === 'node' && 'after' in kill)) await this.demo.kill();
    if (victim === 'postgres' && 'point' in kill) process.kill(this.demo.pid, 'SIGCONT');
    return victim !== 'postgres';
  }

  /** Node ends at the point; or stands there, while somebody else is ended. */
  private async haltAt(point: FaultPoint, nth: number, victim: Victim): Promise<void> {
    const orders = join(this.folder, 'fault');
    await writeFile(orders, `${point} ${nth} ${victim === 'node' ? 'SIGKILL' : 'SIGSTOP'}`);
    const { pid } = this.demo;
    const halted = () => (victim === 'node' ? stateOf(pid) === undefined : stateOf(pid) === 'T');
    await until(`${point} passed`, () => Promise.resolve(halted()), 60_000);
    await rm(orders);
  }

  private async settled(): Promise<void> {
    const arrived = () =>
      within(
        this.demo.data,
        'harbor',
        async (client) => (await anchorCount(client)) >= this.hospital.total && (await isQuiet(client)),
      );
    await until('everything anchored and quiet', arrived, 60_000);
  }
}

/** One letter of /proc (proc(5)), undefined when the process is gone or waits for its parent. */
function stateOf(pid: number): string | undefined {
  try {
    const letter = /^\d+ \(.*\) (\w)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    return letter === 'Z' || letter === 'X' ? undefined : letter;
  } catch {
    return undefined;
  }
}
