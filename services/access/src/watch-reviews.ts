import { Watch, type RoleContext } from '@medshare/role';
import type { ListReviews } from './list-reviews.js';

/** Between two looks, ms. */
const every = 30_000;

/** Shows on the metrics page how many reviews wait and how many are overdue. */
export class WatchReviews extends Watch {
  private readonly waiting;
  private readonly overdue;

  constructor(
    private readonly context: RoleContext,
    private readonly reviews: ListReviews,
  ) {
    super(every, (code) => context.logger.warn({ code }, 'reviews not counted, will retry'));
    this.waiting = context.metrics.gauge(
      'emergency_reviews_waiting',
      'Emergencies that no privacy officer has reviewed',
    );
    this.overdue = context.metrics.gauge(
      'emergency_reviews_overdue',
      'Reviews of emergencies that are past their time',
    );
  }

  protected async measure(): Promise<void> {
    const { waiting, overdue } = await this.reviews.backlog();
    this.waiting.set(waiting);
    this.overdue.set(overdue);
    if (overdue > 0) this.context.logger.warn({ count: overdue }, 'reviews of emergencies are overdue');
  }
}
