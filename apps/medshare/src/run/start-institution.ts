import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { BusServer } from '@medshare/bus';
import { ProblemFilter, listenPeers, separatePeers, type PeerListener } from '@medshare/peers/nest';
import type { Problem } from '@medshare/problems';
import { nestLogger, type Logger } from '@medshare/telemetry';
import type { Config } from '../config.js';
import { assemble, type Assembled } from './assemble.js';
import { bearerOfSession } from './bearer-of-session.js';
import { InstitutionModule } from './institution.module.js';
import type { RunningInstitution } from './running.js';
import { startHousekeeping } from './housekeeping.js';
import { messagesPage } from './messages-page.js';
import { migrateAll } from './migrate.js';
import { openConfiguredDatabase } from './open-database.js';
import { tellProvider } from './tell-provider.js';
import { rateLimit } from './rate-limit.js';
import { traceRequests } from './trace-requests.js';

/**
 * Starts one institution's deployment in this process: its roles as modules of one Nest application, a public HTTP listener,
 * a mutual-TLS listener for peers, its consumers on the bus, its outboxes' relays.
 * @param stop aborted when this process is to end
 * @throws its reason, when it comes while another process keeps the copy of the chain and this one stands by
 */
export async function startInstitution(given: Config, stop?: AbortSignal): Promise<RunningInstitution> {
  const { config, close } = await openConfiguredDatabase(given);
  const closing: Closing[] = [{ what: 'the embedded database', close }];
  let logger: Logger | undefined;
  const closeAll = async () => {
    for (const { what, close } of closing.reverse())
      if (!(await within(config.limits.shutdownTimeout, close())))
        logger?.warn({ where: what }, 'not closed in time: cut off');
  };
  try {
    await migrateAll(config);
    const assembled = await assemble(config, { stop });
    ({ logger } = assembled);
    closing.push({ what: 'connections', close: () => assembled.close() });
    return await run(config, assembled, closing, closeAll);
  } catch (caught) {
    await closeAll();
    throw caught;
  }
}

interface Closing {
  readonly what: string;
  readonly close: () => Promise<void>;
}

/** @param closing what must be closed, the last first, should the rest of the start fail */
async function run(
  config: Config,
  assembled: Assembled,
  closing: Closing[],
  closeAll: () => Promise<void>,
): Promise<RunningInstitution> {
  const { logger, clock, credentials, authorities, provider } = assembled;
  const app = await NestFactory.create<NestExpressApplication>(InstitutionModule.register(config, assembled), {
    bodyParser: false,
    logger: nestLogger(logger),
  });
  let peers: PeerListener | undefined;
  closing.push({ what: 'the peers’ listener', close: async () => peers?.close() });
  // its parts begin to work as soon as it is initialized, and go on until they are told: after a start that failed, too
  closing.push({ what: 'listeners and consumers', close: () => app.close() });
  app.disable('x-powered-by');
  app.use(traceRequests(config.institution));
  app.use(separatePeers());
  app.use(bearerOfSession(assembled.session));
  app.use(rateLimit(config.limits.requestsPerMinute, clock));
  if (config.roles.includes('ingest')) app.use(messagesPage(config.institution));
  provider?.mount(app.getHttpAdapter().getInstance() as never);
  app.useGlobalFilters(new ProblemFilter((found) => assembled.onProblem(found)));
  const onFailure = ({ code, where, detail = '' }: Problem, of: { topic: string; group: string }) =>
    logger.warn({ code, where, ...of }, `event not done, will retry: ${detail}`);
  const strategy = new BusServer(assembled.bus, config.institution, onFailure);
  app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  await app.init();
  // peers first: other members, and own roles, must be answered before anything is consumed
  const { key, cert } = credentials;
  const { host, port } = config.peers;
  peers = await listenPeers(app, { key, cert, trustedAuthorities: authorities, clock, host, port });
  await app.listen(config.http.port, config.http.host);
  assembled.startRelays();
  await app.startAllMicroservices();
  const housekeeping = startHousekeeping(config, assembled);
  closing.push({ what: 'housekeeping', close: () => housekeeping.stop() });
  void tellProvider(config, logger);
  const { mllp } = config;
  return {
    id: config.institution,
    httpUrl: (await app.getUrl()).replace('[::1]', '127.0.0.1'),
    mllpPort: config.roles.includes('ingest') ? mllp.port : undefined,
    issuer: config.identity.issuer,
    authorities: config.identity.authorities,
    // intake closes first, then consumers, then what they stood on
    stop: once(closeAll),
  };
}

/**
 * Waits for work under way, but not for ever: what is cut off is done again after the next start.
 * @returns whether it ended in so many ms
 */
async function within(ms: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer));
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
