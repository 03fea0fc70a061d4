import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { problem } from '@medshare/problems';
import type { Config } from '../config.js';
import { root } from './files.js';
import type { RunningInstitution } from './running.js';

/** Time for a process to become ready, and to stop after SIGTERM, ms. */
const patience = { start: 60_000, stop: 20_000 };

/** Runs an institution in a process of its own; it is given its own database URL and nothing of the others'. */
export async function spawnInstitution(config: Config, file: string): Promise<RunningInstitution> {
  const child = spawn(process.execPath, [join(root, 'apps/medshare/bin/medshare.mjs'), 'run', '--config', file], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      MEDSHARE_DATABASE__URL: config.database.url,
      MEDSHARE_LOG__LEVEL: config.log.level,
      ...telemetryOf(config),
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(failed(config, 'not ready in time')), patience.start);
    child.once('message', () => resolve(clearTimeout(late)));
    void exited.then((code) => reject(failed(config, `ended with ${code}`)));
  });
  return {
    id: config.institution,
    httpUrl: `http://${config.http.host}:${config.http.port}`,
    mllpPort: config.mllp.port,
    issuer: config.identity.issuer,
    authorities: config.identity.authorities,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), patience.stop);
      await exited;
      clearTimeout(late);
    },
  };
}

/** What `up` was told of traces holds for every institution. */
const telemetryOf = ({ telemetry: { endpoint, headersFile, samplingRatio } }: Config) => ({
  ...(endpoint !== undefined && { MEDSHARE_TELEMETRY__ENDPOINT: endpoint }),
  ...(headersFile !== undefined && { MEDSHARE_TELEMETRY__HEADERS_FILE: headersFile }),
  MEDSHARE_TELEMETRY__SAMPLING_RATIO: String(samplingRatio),
});

const failed = ({ institution }: Config, detail: string) => problem('internal', { where: institution, detail });
