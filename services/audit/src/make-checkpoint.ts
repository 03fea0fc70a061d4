import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { signDocument, toBase64url } from '@medshare/crypto';
import { event, type Checkpoint } from '@medshare/events';
import { asProblem } from '@medshare/problems';
import { storedRoot } from '@medshare/proofs';
import type { RoleContext } from '@medshare/role';
import { faultPoint } from '@medshare/telemetry/fault-point';
import { insertCheckpoint, listCheckpoints, lockHead, readNode } from './store/log.js';

/** How often the head of the log is signed and sent to the chain, if it grew, ms. */
const every = 2000;

/** Signs the log's head and sends it to the chain: from then on nothing before it can change unnoticed. */
export class MakeCheckpoint implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly context: RoleContext) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => (this.running = this.quietly()), every).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** @returns the newest checkpoint, made now if the log grew since the last one; undefined for an empty log */
  async make(): Promise<Checkpoint | undefined> {
    const { database, outbox, suite, institution, signingKey, clock } = this.context;
    return database.transaction(async (tx) => {
      const size = await lockHead(tx);
      if (size === 0) return undefined;
      const [last] = await listCheckpoints(tx, 1);
      if (last?.size === size) return checkpointOf(institution, last);
      const hash = (...parts: Uint8Array[]) => suite.hash(...parts);
      const root = await storedRoot(hash, size, (level, position) => readNode(tx, level, position));
      const body = { institution, size, root: toBase64url(root) };
      const signature = signDocument(suite, signingKey.privateKey, 'checkpoint', 1, body);
      await insertCheckpoint(tx, { size, root, time: clock.now(), signature });
      const made: Checkpoint = { version: 1, ...body, signature };
      await outbox.append(tx, [event('checkpoint.made', { id: `checkpoint/${size}`, key: institution }, made)]);
      faultPoint('audit.checkpoint.written');
      return made;
    });
  }

  private async quietly(): Promise<void> {
    try {
      await this.make();
      faultPoint('audit.checkpoint.done');
    } catch (caught) {
      this.context.logger.warn({ code: asProblem(caught).code }, 'no checkpoint made, will retry');
    }
  }
}

export const checkpointOf = (
  institution: string,
  { size, root, signature }: { size: number; root: Uint8Array; signature: string },
): Checkpoint => ({ version: 1, institution, size, root: toBase64url(root), signature });
