import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { configFile, foundDemo } from '@medshare/app/found/found-demo';
import { freePort } from '@medshare/testkit';
import { freePortBase } from '../harness/demo.js';
import type { FabricDescription, OrganisationDescription } from './fabric/describe-fabric.js';
import type { Pair } from './fabric/identities.js';
import type { Joined, Organisation } from './fabric/organisations.js';

const program = resolve('apps/medshare/bin/medshare.mjs');
const run = promisify(execFile);

/** `medshare …` as an operator types it. @returns the document of `--json` */
export async function medshare(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [program, ...args, '--json']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

export interface FabricInstitutions {
  readonly data: string;
  readonly portBase: number;
  /** Starts, or starts again, an organisation's chaincode server. */
  serve(organisation: Joined): Promise<void>;
  /** SIGKILL to it. */
  kill(organisation: Joined): Promise<void>;
  config(organisation: Joined): string;
  /** Another organisation of the channel: its configuration turned like theirs, its package installed and approved, its server started. */
  enrol(organisation: Joined, described: OrganisationDescription): Promise<void>;
  /** Packages anew with the files as they now are: approved by this organisation alone for what is in effect, served beside the old until then. */
  repackage(organisation: Organisation): Promise<void>;
  /** Installs an organisation's package on its peer again. */
  install(organisation: Joined): Promise<void>;
  /** Says for an organisation that it will run its package under the next sequence, as its region's document now is. */
  approve(organisation: Joined): Promise<void>;
  commit(organisation: Joined): Promise<void>;
  /** process id of its chaincode server */
  pid(organisation: Organisation): number;
  stop(): Promise<void>;
}

/**
 * The demo's institutions with their chain on the test network, and nothing else different: founded as always, two sections of each
 * configuration turned, the chaincode packaged, installed, approved, committed and served by the command line, under a name of its own.
 */
export async function foundOnFabric(fabric: FabricDescription): Promise<FabricInstitutions> {
  const [folder, portBase] = [await mkdtemp(join(tmpdir(), 'medshare-on-fabric-')), await freePortBase()];
  // PostgreSQL's user must be able to pass through
  await chmod(folder, 0o711);
  const data = join(folder, 'institutions');
  await foundDemo(data, portBase, 'intl', () => undefined);
  const organisations = Object.keys(fabric.organisations) as Organisation[];
  const chaincode = `region-${randomUUID().slice(0, 8)}`;
  const running = new Map<Joined, ChildProcess>();
  const admins = new Map<Joined, Pair>();
  const placed = new Map<Joined, readonly string[]>();

  async function serve(organisation: Joined): Promise<void> {
    const child = spawn(process.execPath, [program, 'chain', 'serve', ...placed.get(organisation)!], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    running.set(organisation, child);
    const [word] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
    if (word !== 'ready') throw new Error(`the chaincode server of ${organisation} ended with ${String(word)}`);
  }

  async function kill(organisation: Joined, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = running.get(organisation);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async function stop(): Promise<void> {
    for (const organisation of placed.keys()) await kill(organisation, 'SIGTERM');
    await rm(folder, { recursive: true, force: true });
  }

  const packageOf = (organisation: Joined): string => join(folder, `${organisation}.tgz`);
  const install = async (organisation: Joined): Promise<void> =>
    void (await medshare('chain', 'install', '--package', packageOf(organisation), ...admin(organisation)));
  const approve = async (organisation: Joined, ...more: string[]): Promise<void> =>
    void (await medshare('chain', 'approve', '--package', packageOf(organisation), ...more, ...admin(organisation)));
  const commit = async (organisation: Joined): Promise<void> =>
    void (await medshare('chain', 'commit', ...admin(organisation)));

  /** Where the peer finds the chaincode server, and what they show to each other, goes into a package. */
  async function makePackage(organisation: Joined, { chaincode: files }: OrganisationDescription): Promise<void> {
    const file = packageOf(organisation);
    const address = `127.0.0.1:${await freePort()}`;
    const towards = ['--client-cert', files.peerCertificate, '--client-key', files.peerKey];
    const authorities = ['--authorities', files.authority];
    await medshare('chain', 'package', '--address', address, ...authorities, ...towards, '--out', file);
    const server = ['--cert', files.certificate, '--key', files.key, '--client-authorities', files.authority];
    placed.set(organisation, ['--package', file, '--listen', address, ...server]);
  }

  async function enrol(organisation: Joined, described: OrganisationDescription): Promise<void> {
    admins.set(organisation, described.admin);
    await turn(configFile(data, organisation), {
      ledger: `fabric://${described.gateway.address}/${fabric.channel}`,
      fabric: {
        cert: described.client.certificate,
        key: described.client.key,
        chaincode,
        peer: described.peer.address,
        tls: { authorities: described.tlsAuthority },
      },
    });
    await makePackage(organisation, described);
    await install(organisation);
    await approve(organisation);
    await serve(organisation);
  }

  async function repackage(organisation: Organisation): Promise<void> {
    const old = running.get(organisation);
    await makePackage(organisation, fabric.organisations[organisation]);
    await install(organisation);
    await serve(organisation);
    const { committed } = await medshare('chain', 'status', '--config', configFile(data, organisation));
    await approve(organisation, '--sequence', String((committed as { sequence: number }).sequence));
    old?.kill('SIGTERM');
  }

  const admin = (organisation: Joined): string[] => {
    const { certificate, key } = admins.get(organisation)!;
    return ['--config', configFile(data, organisation), '--admin-cert', certificate, '--admin-key', key];
  };

  try {
    for (const organisation of organisations) await enrol(organisation, fabric.organisations[organisation]);
    await commit(organisations[0]!);
  } catch (caught) {
    await stop();
    throw caught;
  }
  return {
    data,
    portBase,
    serve,
    kill,
    enrol,
    repackage,
    install,
    approve: (organisation) => approve(organisation),
    commit,
    config: (organisation) => configFile(data, organisation),
    pid: (organisation) => running.get(organisation)?.pid ?? 0,
    stop,
  };
}

async function turn(file: string, sections: Readonly<Record<string, unknown>>): Promise<void> {
  const config = parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, stringify({ ...config, ...sections }));
}
