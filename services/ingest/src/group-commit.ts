import { asProblem, problem, type Problem } from '@medshare/problems';

interface Waiting<In, Out> {
  readonly item: In;
  readonly size: number;
  readonly resolve: (out: Out) => void;
  readonly reject: (why: Problem) => void;
}

export interface GroupCommitOptions<In, Out> {
  /** Makes a group durable in one transaction; one answer an item, in order. A Problem among them refuses that item only. */
  readonly commit: (group: readonly In[]) => Promise<readonly (Out | Problem)[]>;
  readonly sizeOf: (item: In) => number;
  readonly maxItems: number;
  /** bytes of one group */
  readonly maxBytes: number;
  /** bytes that may wait */
  readonly maxWaitingBytes: number;
}

/**
 * What arrives while one transaction commits goes into the next one, so that a sync of the disk is shared and nobody waits for a timer.
 * One transaction is under way at a time: items become visible in the order in which they were submitted.
 */
export class GroupCommit<In, Out> {
  private readonly queue: Waiting<In, Out>[] = [];
  private waitingBytes = 0;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly options: GroupCommitOptions<In, Out>) {}

  /** Resolves when the item is durable. @throws Problem of the item, `request.rate-limited`, `service.stopping` */
  submit(item: In): Promise<Out> {
    const size = this.options.sizeOf(item);
    if (this.stopped) return Promise.reject(problem('service.stopping'));
    if (this.waitingBytes > 0 && this.waitingBytes + size > this.options.maxWaitingBytes)
      return Promise.reject(problem('request.rate-limited', { detail: 'too much waits for the database' }));
    this.waitingBytes += size;
    return new Promise((resolve, reject) => {
      this.queue.push({ item, size, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Finishes what was submitted; refuses what comes later. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    // what one read of the sockets brought shall stand in one group
    await new Promise((resolve) => setImmediate(resolve));
    while (this.queue.length > 0) await this.commit(this.take());
    this.running = undefined;
  }

  private take(): Waiting<In, Out>[] {
    let bytes = 0;
    const stop = this.queue.findIndex(({ size }, index) => {
      bytes += size;
      return index > 0 && (index >= this.options.maxItems || bytes > this.options.maxBytes);
    });
    return this.queue.splice(0, stop < 0 ? this.queue.length : stop);
  }

  private async commit(group: readonly Waiting<In, Out>[]): Promise<void> {
    try {
      const answers = await this.options.commit(group.map(({ item }) => item));
      group.forEach((waiting, index) => this.settle(waiting, index in answers ? answers[index]! : problem('internal')));
    } catch (caught) {
      await this.apart(group, asProblem(caught));
    }
  }

  /** One item that the database cannot take must not refuse those beside it; a database that is away refuses all. */
  private async apart(group: readonly Waiting<In, Out>[], why: Problem): Promise<void> {
    const [first] = group;
    if (first && group.length > 1 && why.code === 'internal') for (const each of group) await this.commit([each]);
    else for (const each of group) this.settle(each, why);
  }

  private settle(waiting: Waiting<In, Out>, answer: Out | Problem): void {
    this.waitingBytes -= waiting.size;
    if (answer instanceof Error) waiting.reject(asProblem(answer));
    else waiting.resolve(answer);
  }
}
