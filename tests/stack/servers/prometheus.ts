import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { demoInstitutions, portsOf } from '@medshare/app/found/demo';
import { organisations, portsOf as portsOfFabric } from '../fabric/organisations.js';
import { whyNot200 } from '../get.js';
import { folderOf, onPath, tool } from '../install.js';
import type { Launch, Package, StackServer } from '../server.js';
import type { Stack } from '../stack.js';
import { kuboNodes, kuboUser } from './kubo.js';

/** The one on the PATH, else Debian's: its package is fetched and unpacked, nothing is installed and nothing else starts. */
const prometheusPackage: Package = {
  name: 'prometheus',
  version: '2-or-3',
  async install(folder) {
    if (await onPath('prometheus'))
      await symlink((await tool('which', ['prometheus'])).trim(), join(folder, 'prometheus'));
    else await unpack(folder);
    const said = await tool(join(folder, 'prometheus'), ['--version']);
    const [, version = ''] = /version (\d+\.\d+\.\d+)/.exec(said) ?? [];
    if (!/^[23]\./.test(version)) throw new Error(`version 2 or 3 is needed, not ${version}`);
    await writeFile(join(folder, 'version'), version);
  },
};

async function unpack(folder: string): Promise<void> {
  if (!(await onPath('apt-get'))) throw new Error('prometheus is not on the PATH, and there is no apt-get to fetch it');
  const fetched = () => tool('apt-get', ['download', '-q', 'prometheus'], { cwd: folder });
  await fetched().catch(async () => {
    await tool('apt-get', ['update', '-q']);
    await fetched();
  });
  const tree = join(folder, 'debian');
  await tool('sh', ['-c', `dpkg-deb --extract prometheus_*.deb ${tree} && rm prometheus_*.deb`], { cwd: folder });
  await symlink(join('debian', 'usr', 'bin', 'prometheus'), join(folder, 'prometheus'));
}

const installed = ({ places }: Stack): string => folderOf(places.cache, prometheusPackage);
const folder = ({ places }: Stack): string => join(places.state, 'prometheus');

/**
 * Where processes to be scraped are written to, as Prometheus' file_sd: a file of `[{"targets": ["127.0.0.1:7501"]}]`, read again when it
 * changes. The institutions stand there; whoever runs roles as processes of their own adds a file.
 */
export const targetsFolder = (state: string): string => join(state, 'prometheus', 'targets');

export function prometheus(stack: Stack): StackServer {
  const port = stack.ports.prometheus;
  const versionFile = join(installed(stack), 'version');
  return {
    name: 'prometheus',
    // known once it is installed
    get version() {
      return existsSync(versionFile) ? readFileSync(versionFile, 'utf8') : prometheusPackage.version;
    },
    package: prometheusPackage,
    after: [],
    ports: { prometheus: port },
    patience: 60_000,
    prepare: () => prepare(stack),
    whyNot: () => whyNot200(`http://127.0.0.1:${port}/-/ready`),
  };
}

async function prepare(stack: Stack): Promise<Launch> {
  await mkdir(targetsFolder(stack.places.state), { recursive: true, mode: 0o700 });
  const targets = demoInstitutions.map((_, index) => `127.0.0.1:${portsOf(stack.places.basePort, index).http}`);
  await writeFile(join(targetsFolder(stack.places.state), 'institutions.json'), JSON.stringify([{ targets }]));
  const config = join(folder(stack), 'prometheus.yml');
  await writeFile(config, stringify(configOf(stack)));
  await rm(join(folder(stack), 'data', 'lock'), { force: true });
  return {
    command: join(installed(stack), 'prometheus'),
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder(stack), 'data')}`,
      '--storage.tsdb.retention.time=2d',
      `--web.listen-address=127.0.0.1:${stack.ports.prometheus}`,
    ],
  };
}

function configOf(stack: Stack): object {
  const { ports, certificates, secrets, places } = stack;
  const at = (port: number) => [{ targets: [`127.0.0.1:${port}`] }];
  const kubos = kuboNodes.map((node) => `127.0.0.1:${ports.kubo(node).api}`);
  const fabrics = organisations.flatMap((each) => {
    const { peer, orderer } = portsOfFabric(stack, each);
    return [peer.operations, orderer.operations].map((port) => `127.0.0.1:${port}`);
  });
  return {
    global: { scrape_interval: '5s', evaluation_interval: '5s' },
    rule_files: [resolve(import.meta.dirname, '../../../deploy/observability/alert-rules.yaml')],
    scrape_configs: [
      {
        job_name: 'medshare',
        file_sd_configs: [{ files: [join(targetsFolder(places.state), '*.json')], refresh_interval: '5s' }],
      },
      {
        job_name: 'keycloak',
        scheme: 'https',
        tls_config: { ca_file: certificates.authorityFile },
        static_configs: at(ports.keycloak.management),
      },
      {
        job_name: 'kubo',
        metrics_path: '/debug/metrics/prometheus',
        basic_auth: { username: kuboUser.user, password_file: secrets.path(kuboUser.secret) },
        static_configs: [{ targets: kubos }],
      },
      { job_name: 'fabric', static_configs: [{ targets: fabrics }] },
      { job_name: 'collector', static_configs: at(ports.collector.metrics) },
      { job_name: 'prometheus', static_configs: at(ports.prometheus) },
    ],
  };
}
