import { asProblem, problem, type Problem } from '@medshare/problems';

interface Waiting<In, Out> {
  readonly item: In;
  readonly key: string;
  readonly size: number;
  readonly resolve: (out: Out) => void;
  readonly reject: (why: Problem) => void;
}

export interface GroupCommitOptions<In, Out> {
  /** Makes a group durable in one transaction; one answer an item, in order. A Problem among them refuses that item only. */
  readonly commit: (group: readonly In[]) => Promise<readonly (Out | Problem)[]>;
  readonly sizeOf: (item: In) => number;
  /** Items of one key are committed in the order in which they were submitted. */
  readonly keyOf: (item: In) => string;
  /** Items of other keys keep their order around this one, too: its transaction is under way alone. */
  readonly isBarrier?: (item: In) => boolean;
  /** transactions under way at one time */
  readonly atOnce: number;
  readonly maxItems: number;
  /** bytes of one group */
  readonly maxBytes: number;
  /** bytes that may wait */
  readonly maxWaitingBytes: number;
}

/**
 * What arrives while transactions commit goes into the next one, so that a sync of the disk is shared and nobody waits for a timer.
 * Several transactions may be under way; what has a key of one of them waits until that one is done.
 */
export class GroupCommit<In, Out> {
  private queue: Waiting<In, Out>[] = [];
  private waitingBytes = 0;
  private readonly running = new Set<Promise<void>>();
  /** keys of the transactions under way */
  private readonly busy = new Set<string>();
  /** a transaction with a barrier is under way */
  private alone = false;
  private gathering = false;
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
      this.queue.push({ item, key: this.options.keyOf(item), size, resolve, reject });
      this.gather();
    });
  }

  /** Finishes what was submitted; refuses what comes later. */
  async stop(): Promise<void> {
    this.stopped = true;
    while (this.queue.length > 0 || this.running.size > 0)
      await (this.running.size > 0 ? Promise.race(this.running) : new Promise((resolve) => setImmediate(resolve)));
  }

  /** What one read of the sockets brought shall stand in one group. */
  private gather(): void {
    if (this.gathering || this.running.size >= this.options.atOnce) return;
    this.gathering = true;
    setImmediate(() => {
      this.gathering = false;
      this.start();
    });
  }

  private start(): void {
    while (this.running.size < this.options.atOnce) {
      const group = this.take();
      if (group.length === 0) return;
      const keys = group.map(({ key }) => key);
      keys.forEach((key) => this.busy.add(key));
      this.alone = group.some((each) => this.isBarrier(each));
      const work = this.commit(group).finally(() => {
        keys.forEach((key) => this.busy.delete(key));
        this.alone = false;
        this.running.delete(work);
        if (this.queue.length > 0) this.gather();
      });
      this.running.add(work);
    }
  }

  /** The next group: from the front of the queue, without what must wait for a transaction under way. */
  private take(): Waiting<In, Out>[] {
    const { maxItems, maxBytes } = this.options;
    if (this.alone) return [];
    const group: Waiting<In, Out>[] = [];
    const left: Waiting<In, Out>[] = [];
    let bytes = 0;
    for (const [index, waiting] of this.queue.entries()) {
      const full = group.length > 0 && (group.length >= maxItems || bytes + waiting.size > maxBytes);
      if (full || (this.running.size > 0 && this.isBarrier(waiting))) {
        left.push(...this.queue.slice(index));
        break;
      } else if (this.busy.has(waiting.key)) left.push(waiting);
      else {
        group.push(waiting);
        bytes += waiting.size;
      }
    }
    this.queue = left;
    return group;
  }

  private isBarrier({ item }: Waiting<In, Out>): boolean {
    return this.options.isBarrier?.(item) === true;
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
