import { readFile, writeFile } from 'node:fs/promises';
import { chaincode } from '@medshare/chaincode-region';
import type { Region } from '@medshare/events/chain';
import { serveChaincode } from '@medshare/ledger/chaincode-server.driver';
import {
  FabricLifecycle,
  labelOf,
  makePackage,
  policyOf,
  readPackage,
  type Definition,
} from '@medshare/ledger/fabric-lifecycle.driver';
import { mspOf } from '@medshare/ledger/institution-of';
import { Renewal } from '@medshare/ledger/renewal';
import { problem } from '@medshare/problems';
import { createLogger } from '@medshare/telemetry';
import { UsageError, type Outcome, type Surroundings } from '../commands/outcome.js';
import { stopped } from '../commands/stopped.js';
import { loadConfig, type Config } from '../config.js';
import { chaincodeBundle } from '../drivers.js';
import { table } from '../terminal/table.js';
import { fabricAccess } from './fabric-access.js';
import { readRegion } from './secrets.js';
import { secretOf, textOf } from './setting-files.js';

interface Administrator {
  config: string;
  adminCert: string;
  adminKey: string;
}

/** The code of this release. */
const code = () => ({ name: chaincode.name, version: chaincode.version, bundle: chaincodeBundle().hash });

export async function pack(options: {
  address: string;
  authorities: string;
  clientCert: string;
  clientKey: string;
  out: string;
}): Promise<Outcome> {
  const bytes = makePackage(code(), {
    address: options.address,
    authorities: textOf('--authorities', options.authorities),
    clientCert: textOf('--client-cert', options.clientCert),
    clientKey: secretOf('--client-key', options.clientKey),
  });
  await writeFile(options.out, bytes, { mode: 0o600 });
  const { packageId, label, bundle } = readPackage(bytes);
  return { document: { file: options.out, packageId, label, bundle }, text: `${options.out}: ${packageId}` };
}

export async function install(options: Administrator & { package: string }, { env }: Surroundings): Promise<Outcome> {
  const bytes = await packageBytes(options.package);
  return administrate(options, env, async (lifecycle) => {
    const { packageId, fresh } = await lifecycle.install(bytes);
    return {
      document: { packageId, installed: fresh },
      text: `${packageId}: ${fresh ? 'installed' : 'is there already'}`,
    };
  });
}

export async function approve(
  options: Administrator & { package: string; sequence?: number },
  { env }: Surroundings,
): Promise<Outcome> {
  const { packageId, version } = readPackage(await packageBytes(options.package));
  return administrate(options, env, async (lifecycle, { config, region }) => {
    const [name, policy] = [config.fabric.chaincode, policyOf(region)];
    const sequence = options.sequence ?? (await lifecycle.sequenceToApprove({ name, version, policy }));
    const fresh = await lifecycle.approve({ name, version, sequence, policy }, packageId);
    return {
      document: { name, version, sequence, packageId, approved: fresh },
      text: `${name} ${version}, sequence ${sequence}: ${fresh ? 'approved' : 'was approved already'} for ${config.institution}`,
    };
  });
}

export async function commit(options: Administrator & { sequence?: number }, { env }: Surroundings): Promise<Outcome> {
  return administrate(options, env, async (lifecycle, { config, region }) => {
    const { version } = chaincode;
    const there = await lifecycle.committed(config.fabric.chaincode);
    if (there !== undefined && options.sequence === there.sequence && there.version === version)
      return {
        document: { ...there, policy: undefined, committed: false },
        text: `sequence ${there.sequence} is in effect already`,
      };
    const definition = await definitionOf(lifecycle, config, region, { version, sequence: options.sequence });
    const approvals = await lifecycle.readiness(definition);
    const ready = Object.keys(approvals).filter((mspId) => approvals[mspId]);
    const missing = Object.keys(approvals).filter((mspId) => !approvals[mspId]);
    if (ready.length * 2 <= ready.length + missing.length)
      throw problem('ledger.refused', {
        where: missing.join(','),
        detail: `${ready.length} of ${ready.length + missing.length} organisations have approved ${definition.name} ${version}, sequence ${definition.sequence}`,
      });
    await lifecycle.commit(definition, ready);
    const { name, sequence } = definition;
    return {
      document: { name, version, sequence, approvals, committed: true },
      text: `${name} ${version}, sequence ${sequence}: in effect, approved by ${ready.join(', ')}`,
    };
  });
}

export async function status({ config: file }: { config: string }, { env }: Surroundings): Promise<Outcome> {
  const { config, region } = await readPlace(file, env);
  const { name, version, bundle } = code();
  const lifecycle = await FabricLifecycle.open({ access: fabricAccess(config, region), ...peerOf(config) });
  try {
    const committed = await lifecycle.committed(config.fabric.chaincode);
    const next = await definitionOf(lifecycle, config, region, { version, sequence: (committed?.sequence ?? 0) + 1 });
    const approvals = await lifecycle.readiness(next);
    const members = await Promise.all(
      region.members.map(async (member) => {
        const mspId = mspOf(member);
        const runs = committed && (await lifecycle.describe(mspId));
        return {
          institution: member.id,
          approved: committed?.approvals[mspId] ?? false,
          approvedNext: approvals[mspId] ?? false,
          runs: runs ?? null,
          sameCode: runs?.bundle === bundle,
        };
      }),
    );
    const shown = committed && { version: committed.version, sequence: committed.sequence };
    const document = {
      release: { name, version, bundle, label: labelOf({ name, version, bundle }) },
      committed: shown ?? null,
      members,
    };
    return { document, text: statusText(document, config.fabric.chaincode) };
  } finally {
    lifecycle.close();
  }
}

interface Status {
  release: { version: string; label: string };
  committed: { version: string; sequence: number } | null;
  members: {
    institution: string;
    approved: boolean;
    approvedNext: boolean;
    runs: { bundle: string } | null;
    sameCode: boolean;
  }[];
}

function statusText({ release, committed, members }: Status, name: string): string {
  const yes = (value: boolean) => (value ? 'yes' : 'no');
  const rows = members.map(({ institution, approved, approvedNext, runs, sameCode }) => [
    institution,
    yes(approved),
    yes(approvedNext),
    runs === null ? 'no answer' : sameCode ? 'this release' : `other code (${runs.bundle.slice(0, 16)})`,
  ]);
  const first = committed
    ? `${name} ${committed.version}, sequence ${committed.sequence}, is in effect. This release is ${release.label}.`
    : `Nothing is committed under the name ${name}. This release is ${release.label}.`;
  const next = `approved ${(committed?.sequence ?? 0) + 1} (${release.version})`;
  return `${first}\n${table([['institution', 'approved it', next, 'runs'], ...rows], { columns: 100 })}`;
}

/** @returns what to print once it serves */
export async function serve(
  options: { package: string; listen: string; cert: string; key: string; clientAuthorities: string },
  { stop, terminal }: Surroundings,
): Promise<Outcome> {
  const { packageId, bundle } = readPackage(await packageBytes(options.package));
  const own = code();
  if (bundle !== own.bundle)
    throw problem('ledger.chaincode-mismatch', {
      where: '--package',
      detail: `it was made for the code ${bundle.slice(0, 16)}, this release is ${own.bundle.slice(0, 16)}: medshare chain package`,
    });
  const logger = createLogger({ role: 'chaincode', institution: '-', level: 'info' });
  const read = () => ({
    cert: textOf('--cert', options.cert),
    key: secretOf('--key', options.key),
    clientAuthorities: textOf('--client-authorities', options.clientAuthorities),
  });
  let tls = read();
  const server = await serveChaincode({
    address: options.listen,
    chaincode,
    bundle,
    packageId,
    tls,
    onFault: ({ txId, cause }) => logger.error({ txId, err: cause }, 'an execution came to no outcome'),
  });
  const renewal = new Renewal({
    read,
    used: () => tls,
    take: (found) => {
      server.renew(found);
      tls = found;
    },
    onRenewed: () => logger.info({}, 'exchanged certificates are shown from the next connection on'),
    onTrouble: ({ code, where, detail = '' }) =>
      logger.warn({ code, where }, `the certificates in the files are not taken: ${detail}`),
  }).start();
  return {
    document: { packageId, port: server.port, bundle },
    text: `the chaincode is served on port ${server.port} as ${packageId}`,
    after: async () => {
      if (process.connected) process.send?.('ready', () => undefined);
      await stopped(stop);
      terminal.notice('stopping');
      await renewal.stop();
      await server.close();
    },
  };
}

async function packageBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch {
    throw problem('config.invalid', { where: '--package', detail: 'the file cannot be read' });
  }
}

const peerOf = ({ fabric }: Config) => (fabric.peer === undefined ? {} : { peer: fabric.peer });

async function readPlace(file: string, env: Surroundings['env']): Promise<{ config: Config; region: Region }> {
  const config = loadConfig(file, env);
  if (!config.ledger.startsWith('fabric:')) throw new UsageError('the ledger of this configuration is not on Fabric');
  return { config, region: await readRegion(config.data) };
}

async function administrate(
  { config: file, adminCert, adminKey }: Administrator,
  env: Surroundings['env'],
  work: (lifecycle: FabricLifecycle, place: { config: Config; region: Region }) => Promise<Outcome>,
): Promise<Outcome> {
  const place = await readPlace(file, env);
  const access = fabricAccess(place.config, place.region, { cert: adminCert, key: adminKey });
  const lifecycle = await FabricLifecycle.open({ access, ...peerOf(place.config) });
  try {
    return await work(lifecycle, place);
  } finally {
    lifecycle.close();
  }
}

/** Left out, the sequence is the one after what is in effect. */
async function definitionOf(
  lifecycle: FabricLifecycle,
  { fabric }: Config,
  region: Region,
  { version, sequence }: { version: string; sequence?: number | undefined },
): Promise<Definition> {
  const name = fabric.chaincode;
  const next = sequence ?? ((await lifecycle.committed(name))?.sequence ?? 0) + 1;
  return { name, version, sequence: next, policy: policyOf(region) };
}
