import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { asProblem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import type { ListReviews } from './list-reviews.js';

/** Between two looks, ms. */
const every = 30_000;

/** Shows on the metrics page how many reviews wait and how many are overdue. */
export class WatchReviews implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private readonly waiting;
  private readonly overdue;

  constructor(
    private readonly context: RoleContext,
    private readonly reviews: ListReviews,
  ) {
    this.waiting = context.metrics.gauge(
      'emergency_reviews_waiting',
      'Emergencies that no privacy officer has reviewed',
    );
    this.overdue = context.metrics.gauge(
      'emergency_reviews_overdue',
      'Reviews of emergencies that are past their time',
    );
  }

  onApplicationBootstrap(): void {
    void this.look();
    this.timer = setInterval(() => void this.look(), every).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  async look(): Promise<void> {
    try {
      const { waiting, overdue } = await this.reviews.backlog();
      this.waiting.set(waiting);
      this.overdue.set(overdue);
      if (overdue > 0) this.context.logger.warn({ count: overdue }, 'reviews of emergencies are overdue');
    } catch (caught) {
      this.context.logger.warn({ code: asProblem(caught).code }, 'reviews not counted, will retry');
    }
  }
}
