import { asProblem } from '@medshare/problems';

/** Measures something at once and then every so often, from a role's start to its end. */
export abstract class Watch {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  /** @param every between two looks, ms: what an alert may be late by. @param failed told the code of what a look failed for */
  protected constructor(
    private readonly every: number,
    private readonly failed: (code: string) => void,
  ) {}

  onApplicationBootstrap(): void {
    this.next();
    this.timer = setInterval(() => this.next(), this.every).unref();
  }

  /** Resolves when the look under way has ended. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Never rejects: a database that is away has an alert of its own. */
  async look(): Promise<void> {
    try {
      await this.measure();
    } catch (caught) {
      this.failed(asProblem(caught).code);
    }
  }

  protected abstract measure(): Promise<void>;

  /** One after the other: a look that takes longer than the pause is not joined by a second one. */
  private next(): void {
    this.running = this.running.then(() => this.look());
  }
}
