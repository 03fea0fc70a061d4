import { isDeepStrictEqual } from 'node:util';
import type { ChaincodeServer, ChaincodeTls } from '@medshare/ledger/chaincode-server.driver';
import { asProblem } from '@medshare/problems';
import type { Logger } from '@medshare/telemetry';

/** Between two looks at the files, ms. */
const every = 30_000;

interface Served {
  /** Reads the files. @throws Problem when one cannot be read */
  readonly read: () => ChaincodeTls;
  /** what is shown now */
  readonly tls: ChaincodeTls;
  readonly server: Pick<ChaincodeServer, 'renew'>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly everyMs?: number;
}

/** Takes up certificates that were exchanged in their files; what does not hold together is not taken, and the old goes on. */
export function renewServed({ read, tls, server, logger, everyMs = every }: Served): { stop(): void } {
  let [shown, refused]: [ChaincodeTls, ChaincodeTls | undefined] = [tls, undefined];
  const look = () => {
    let found: ChaincodeTls | undefined;
    try {
      found = read();
      if (isDeepStrictEqual(found, shown)) return;
      server.renew(found);
      shown = found;
      logger.info({}, 'exchanged certificates are shown from the next connection on');
    } catch (caught) {
      const { code, where, detail = '' } = asProblem(caught);
      // files are exchanged one after the other: what stays so is told, once
      if (refused && isDeepStrictEqual(found, refused)) return;
      if (found && refused === undefined) return void (refused = found);
      refused = found;
      logger.warn({ code, where }, `the certificates in the files are not taken: ${detail}`);
    }
  };
  const timer = setInterval(look, everyMs).unref();
  return { stop: () => clearInterval(timer) };
}
