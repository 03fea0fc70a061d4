import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { systemRandom } from '@medshare/clock';
import { get } from '../get.js';
import { folderOf, onPath, tool } from '../install.js';
import { writePrivate } from '../secrets.js';
import type { Launch, Package, StackServer } from '../server.js';
import { institutions, type Stack } from '../stack.js';
import { kafkaSettings } from './kafka-settings.js';
import { whyNoKafka } from './kafka-probe.js';

const files = resolve(import.meta.dirname, '../packages');

export const kafkaPackage: Package = {
  name: 'kafka',
  version: '4.3.1',
  async install(folder) {
    for (const program of ['java', 'mvn'])
      if (!(await onPath(program)))
        throw new Error(`${program} is not on the PATH: a JDK of 17 or newer and Maven are needed`);
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    // -C: a file whose checksum differs from the repository's is refused
    const pom = join(files, 'kafka.pom.xml');
    await tool('mvn', [
      '-q',
      '-B',
      '-C',
      '-f',
      pom,
      `-Dkafka.version=${this.version}`,
      goal,
      `-DoutputDirectory=${folder}`,
    ]);
  },
};

export const nodes = [1, 2, 3] as const;
const folder = ({ places }: Stack): string => join(places.state, 'kafka');
const settingsFile = (stack: Stack, node: number): string => join(folder(stack), `${node}.properties`);

/** Brokers as clients name them. */
export const brokersOf = ({ ports }: Stack): string[] => nodes.map((node) => `127.0.0.1:${ports.kafka(node).clients}`);

/** Users that sign in with SCRAM-SHA-512: each institution its own, and one that may do everything. */
export const kafkaUsers = ['admin', ...institutions];
export const kafkaSecret = (user: string): string => `kafka-${user}`;

/** One of three brokers, each a controller as well. */
export function kafka(stack: Stack, node: (typeof nodes)[number]): StackServer {
  const ports = stack.ports.kafka(node);
  return {
    name: `kafka-${node}`,
    version: kafkaPackage.version,
    package: kafkaPackage,
    after: ['keycloak'],
    ports,
    patience: 300_000,
    prepare: () => prepare(stack, node),
    whyNot: () => whyNoKafka(ports.clients, stack.certificates.authorityFile),
    // once for all: the first broker does it, when a quorum answers
    ...(node === 1 && { furnish: () => grantPrefixes(stack) }),
  };
}

function java(stack: Stack): string[] {
  return ['-XX:TieredStopAtLevel=1', '-cp', `${folderOf(stack.places.cache, kafkaPackage)}/*`];
}

async function prepare(stack: Stack, node: number): Promise<Launch> {
  const data = join(folder(stack), `data-${node}`);
  await mkdir(folder(stack), { recursive: true, mode: 0o700 });
  const settings = await kafkaSettings(stack, node, data, await answersKeys(stack));
  await writePrivate(settingsFile(stack, node), settings);
  if (!(await stat(join(data, 'meta.properties')).catch(() => undefined))) await format(stack, node);
  const configuration = join(files, 'kafka-log4j2.properties');
  return {
    command: 'java',
    args: [
      '-Xms256m',
      '-Xmx256m',
      '-XX:+ExitOnOutOfMemoryError',
      `-Dlog4j2.configurationFile=${configuration}`,
      `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${jwksUrl(stack)}`,
      '-cp',
      `${folderOf(stack.places.cache, kafkaPackage)}/*`,
      'kafka.Kafka',
      settingsFile(stack, node),
    ],
  };
}

/** Makes the node's storage with the users' credentials; the command line goes through a file, for others can list processes. */
async function format(stack: Stack, node: number): Promise<void> {
  const clusterId = await clusterIdOf(stack);
  const users = await Promise.all(
    kafkaUsers.map(async (user) => [
      '--add-scram',
      `SCRAM-SHA-512=[name=${user},password=${await stack.secrets.get(kafkaSecret(user))}]`,
    ]),
  );
  const words = [
    'kafka.tools.StorageTool',
    'format',
    '-t',
    clusterId,
    '-c',
    settingsFile(stack, node),
    ...users.flat(),
  ];
  const file = join(folder(stack), `format-${node}.args`);
  await writePrivate(file, [...java(stack), ...words].map((word) => `"${word}"`).join('\n'));
  await tool('java', [`@${file}`]);
  await rm(file);
}

/** 16 random bytes in base64url, the form of Kafka's Uuid. */
async function clusterIdOf(stack: Stack): Promise<string> {
  const path = join(folder(stack), 'cluster-id');
  // the three nodes are prepared at once: whoever comes first decides
  const id = `A${Buffer.from(systemRandom.bytes(16)).toString('base64url').slice(1)}`;
  await writeFile(path, id, { flag: 'wx' }).catch(() => undefined);
  return readFile(path, 'utf8');
}

/** Each institution may do anything with topics and groups whose name begins with its own and a dot, and nothing else. */
async function grantPrefixes(stack: Stack): Promise<void> {
  const done = join(folder(stack), 'granted');
  if (await stat(done).catch(() => undefined)) return;
  const { both, authority } = await stack.certificates.of('kafka');
  const client = join(folder(stack), 'brokers-client.properties');
  await writePrivate(
    client,
    [
      'security.protocol=SSL',
      'ssl.keystore.type=PEM',
      `ssl.keystore.location=${both}`,
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${authority}`,
    ].join('\n'),
  );
  const server = nodes.map((node) => `127.0.0.1:${stack.ports.kafka(node).brokers}`).join(',');
  for (const institution of institutions)
    await tool('java', [
      ...java(stack),
      'org.apache.kafka.tools.AclCommand',
      '--bootstrap-server',
      server,
      '--command-config',
      client,
      ...['--add', '--force', '--allow-principal', `User:${institution}`, '--operation', 'All'],
      ...['--topic', `${institution}.`, '--group', `${institution}.`, '--resource-pattern-type', 'prefixed'],
    ]);
  await writeFile(done, '');
}

/** Where brokers learn the keys of the tokens that they believe. */
export const jwksUrl = ({ ports }: Stack): string =>
  `https://127.0.0.1:${ports.keycloak.https}/realms/infrastructure/protocol/openid-connect/certs`;

async function answersKeys(stack: Stack): Promise<boolean> {
  const ca = await readFile(stack.certificates.authorityFile, 'utf8');
  return (await get(jwksUrl(stack), ca).catch(() => undefined))?.status === 200;
}
