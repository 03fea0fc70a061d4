import { Controller, Get, Header, HttpCode, Inject } from '@nestjs/common';
import type { Database } from '@medshare/database';
import { problem } from '@medshare/problems';
import type { MetricsRegistry } from '@medshare/telemetry';
import { Documented } from '@medshare/openapi';
import * as documentation from './documentation.js';

export const HEALTH = Symbol('health');
export interface HealthParts {
  databases: Database[];
  metrics: MetricsRegistry;
}

/** Answers of a dependency that take longer count as none, ms. */
const patience = 2000;

/** What an operator's platform asks. */
@Controller()
export class HealthController {
  constructor(@Inject(HEALTH) private readonly parts: HealthParts) {}

  /** The process runs. */
  @Documented(documentation.live)
  @Get('health/live')
  @HttpCode(200)
  live() {
    return { status: 'live' };
  }

  /** Everything that requests need is there. @throws Problem storage.unavailable (503) */
  @Documented(documentation.ready)
  @Get('health/ready')
  async ready() {
    const [first] = this.parts.databases;
    const late = new Promise<never>((_, reject) =>
      setTimeout(() => reject(problem('storage.unavailable', { where: 'database' })), patience).unref(),
    );
    await Promise.race([first?.query('SELECT 1'), late]).catch(() => {
      throw problem('storage.unavailable', { where: 'database' });
    });
    return { status: 'ready' };
  }

  @Documented(documentation.metrics)
  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  metrics() {
    return this.parts.metrics.expose();
  }
}
