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

/**
 * Takes up certificates that were exchanged in their files; what does not hold together is not taken, and the old goes on. Files are exchanged
 * one after the other, so that only what is found twice is told, once.
 */
export function renewServed({ read, tls, server, logger, everyMs = every }: Served): { stop(): void } {
  let shown = tls;
  let refused: { readonly files: ChaincodeTls | undefined; times: number } | undefined;
  const look = () => {
    let files: ChaincodeTls | undefined;
    try {
      files = read();
      if (!isDeepStrictEqual(files, shown)) {
        server.renew(files);
        shown = files;
        logger.info({}, 'exchanged certificates are shown from the next connection on');
      }
      refused = undefined;
    } catch (caught) {
      const same = refused !== undefined && isDeepStrictEqual(refused.files, files);
      refused = { files, times: same ? refused!.times + 1 : 1 };
      if (refused.times !== 2) return;
      const { code, where, detail = '' } = asProblem(caught);
      logger.warn({ code, where }, `the certificates in the files are not taken: ${detail}`);
    }
  };
  const timer = setInterval(look, everyMs).unref();
  return { stop: () => clearInterval(timer) };
}
