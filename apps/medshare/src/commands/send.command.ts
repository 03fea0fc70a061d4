import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { clientCredentials } from '@medshare/identity';
import type { MllpTls } from '@medshare/mllp';
import { problem } from '@medshare/problems';
import { demoFeedSecret } from '../run/demo-access.js';
import { gatherFiles } from '../send/gather-files.js';
import type { HttpAddress } from '../send/http-sender.js';
import { reportText, type SendReport } from '../send/send-report.js';
import { sendFiles, type Destination } from '../send/send-files.js';
import { progressBar } from '../terminal/progress-bar.js';
import { actingAs, reusing } from './acting-as.js';
import { dataFolder } from './data-folder.js';
import { authoritiesAt, placeOf, readDemo, type DemoFile, type DemoPlace } from './demo-file.js';
import { addCommand, UsageError, type Outcome, type Surroundings } from './outcome.js';
import { positiveInt } from './option-values.js';
import type { Run } from './program.js';

export interface SendCommandOptions {
  to?: string;
  institution?: string;
  connections: number;
  as?: string;
  data?: string;
  tls?: boolean;
  ca?: string;
  cert?: string;
  key?: string;
  serverName?: string;
}

export function addSend(program: Command, run: Run): void {
  addCommand(
    program,
    'send <files...>',
    'Send HL7 v2 messages (.hl7, over MLLP) and FHIR R4 (.json, over HTTP) as a hospital would. ' +
      'Names files, folders or patterns. A file may hold several messages; LF is turned into CR. What was ' +
      'refused is reported by file, code and place; content is never printed. Sending again is harmless.',
    [
      'medshare send samples/                        # to the institution that MSH-4 names, else the first',
      'medshare send adt.hl7 labs/ --institution harbor',
      "medshare send 'feeds/**/*.hl7' --to mllp.example.org:2575 --connections 8",
      'medshare send bad.hl7 --json | jq .refused',
      'medshare send adt.hl7 --to mllp.example.org:2575 --tls --ca hospital-ca.pem --cert lab.pem --key lab-key.pem',
    ],
  )
    .option('--to <host:port>', 'an MLLP listener, instead of the demo')
    .option('--tls', 'TLS towards --to')
    .option('--ca <file>', 'with --tls: the authorities that are trusted (PEM); default: the system’s')
    .option('--cert <file>', 'with --tls: the certificate to show (PEM)')
    .option('--key <file>', 'with --tls: its private key (PEM)')
    .option(
      '--server-name <name>',
      'with --tls: the name that the listener’s certificate must carry (default: the host)',
    )
    .option('--institution <id>', 'an institution of the demo, for all files')
    .option(
      '--connections <n>',
      'connections at one time; messages of one patient keep their order',
      positiveInt(256),
      4,
    )
    .option('--as <user[@institution]>', 'who sends FHIR (default: the demo’s service account feed)')
    .option('--data <folder>', "the demo's data folder (default: the user's data directory)")
    .action((files: string[], options: SendCommandOptions, command: Command) =>
      run(command, (within) => send(files, options, within)),
    );
}

async function send(named: string[], options: SendCommandOptions, within: Surroundings): Promise<Outcome> {
  const report = await sendNamed(named, options, within);
  return {
    document: report,
    text: reportText(report, within.terminal),
    refused: report.refused.length > 0 || report.unsent > 0,
  };
}

/** Sends what the names stand for. */
export async function sendNamed(
  named: string[],
  options: SendCommandOptions,
  { terminal, env, stop }: Surroundings,
): Promise<SendReport> {
  const files = await gatherFiles(named);
  if (files.length === 0)
    throw problem('request.not-found', { where: named.join(' '), detail: 'no .hl7 or .json file there' });
  return sendFiles({
    files,
    route: await router(options, env),
    connections: options.connections,
    onProgress: (state) => terminal.progress(progressBar(state, terminal.columns)),
    stop,
    now: () => performance.now(),
  });
}

async function router(
  options: SendCommandOptions,
  env: Surroundings['env'],
): Promise<(facility?: string) => Destination> {
  const { to, institution, as, data } = options;
  const tls = await tlsOf(options);
  if (to !== undefined && institution !== undefined) throw new UsageError('--to and --institution exclude each other');
  if (to !== undefined) {
    const destination = { name: to, mllp: { ...addressOf(to), ...(tls && { tls }) }, http: undefined };
    return () => destination;
  }
  const folder = dataFolder(data, env);
  const demo = await readDemo(folder);
  const made = new Map<string, Destination>();
  return (facility) => {
    const place = institution === undefined ? byFacility(demo, facility) : placeOf(demo, institution);
    const known = made.get(place.id) ?? destinationOf(place, { folder, as, env });
    made.set(place.id, known);
    return known;
  };
}

/** What is shown and trusted, read from the files that the options name. */
async function tlsOf({ to, tls, ca, cert, key, serverName }: SendCommandOptions): Promise<MllpTls | undefined> {
  const given = [ca, cert, key, serverName].some((each) => each !== undefined);
  if (!tls && given) throw new UsageError('--ca, --cert, --key and --server-name need --tls');
  if (!tls) return undefined;
  if (to === undefined) throw new UsageError('--tls needs --to');
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key belong together');
  const pem = async (path: string | undefined) => (path === undefined ? undefined : readFile(path, 'utf8'));
  const [authorities, shown, own] = await Promise.all([pem(ca), pem(cert), pem(key)]);
  return { ca: authorities, cert: shown, key: own, serverName };
}

/** The institution whose id is MSH-4, in whatever case; else the first. */
export function byFacility({ institutions }: DemoFile, facility: string | undefined): DemoPlace {
  const id = facility?.toLowerCase();
  return institutions.find((each) => each.id === id) ?? (institutions[0] as DemoPlace);
}

function destinationOf(place: DemoPlace, who: Sender): Destination {
  const { id, httpUrl, mllpPort } = place;
  const mllp = mllpPort === undefined ? undefined : { host: new URL(httpUrl).hostname, port: mllpPort };
  return { name: id, mllp, http: { baseUrl: httpUrl, token: feedToken(place, who) } };
}

interface Sender {
  folder: string;
  as: string | undefined;
  env: Surroundings['env'];
}

/** A person's token, else that of the demo's service account; signed in when the first FHIR body is sent. */
function feedToken(place: DemoPlace, { folder, as, env }: Sender): HttpAddress['token'] {
  const { id, issuer } = place;
  if (as === undefined)
    return reusing(async () => {
      const [secret, authorities] = await Promise.all([demoFeedSecret(folder, id), authoritiesAt(place)]);
      return clientCredentials({ issuer, clientId: 'feed', secret, authorities });
    });
  const who = as.includes('@') ? as : `${as}@${id}`;
  let acting: ReturnType<typeof actingAs> | undefined;
  return async () => (await (acting ??= actingAs({ as: who, data: folder }, { env }))).token();
}

export function addressOf(text: string): { host: string; port: number } {
  const [, host, port] = /^(?:mllp:\/\/)?(\[[0-9a-f:]+\]|[^:/\s]+):(\d{1,5})$/i.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new UsageError('--to: write host:port, e.g. 127.0.0.1:7111');
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
