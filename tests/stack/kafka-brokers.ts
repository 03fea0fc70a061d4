import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@medshare/testkit';
import { folderOf, installAll } from './install.js';
import { defaultCache } from './places.js';
import { kafkaPackage } from './servers/kafka.js';

// Real brokers for one spec, with data of their own: it kills them.

const run = promisify(execFile);

export interface BrokersOptions {
  readonly count?: 1 | 3;
  /** further lines of every broker's properties */
  readonly properties?: readonly string[];
  /** lines that need ports or folders of this cluster */
  readonly listeners?: (broker: { port: number; folder: string }) => readonly string[];
  /** SCRAM users, made when the storage is formatted */
  readonly users?: Readonly<Record<string, string>>;
  /** arguments of the Java machine */
  readonly java?: readonly string[];
}

export interface Brokers {
  /** `host:port` of the plain listeners, by broker from 1 */
  readonly addresses: readonly string[];
  /** ports of further listeners, by broker from 1 */
  readonly others: readonly number[];
  readonly folder: string;
  /** SIGKILL; resolves when the process is gone */
  kill(id: number): Promise<void>;
  start(id: number): Promise<void>;
  stop(): Promise<void>;
}

const logging = `<Configuration><Appenders><Console name="out"><PatternLayout pattern="%d %p %c{1} %m%n"/></Console></Appenders>
<Loggers><Root level="info"><AppenderRef ref="out"/></Root></Loggers></Configuration>`;

const freePorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
};

/** Starts brokers that are controllers too, and waits until they serve. */
export const startBrokers = async (options: BrokersOptions = {}): Promise<Brokers> => {
  const { count = 3, users = {}, properties = [], listeners = () => [], java = [] } = options;
  const cache = defaultCache(process.env);
  await installAll(cache, [kafkaPackage], () => undefined);
  const classPath = `${folderOf(cache, kafkaPackage)}/*`;
  const folder = await mkdtemp(join(tmpdir(), 'medshare-kafka-'));
  const ids = Array.from({ length: count }, (_, i) => i + 1);
  const ports = await freePorts(3 * count);
  const portOf = (id: number, kind: 0 | 1 | 2) => ports[3 * (id - 1) + kind] ?? 0;
  const log = join(folder, 'log4j2.xml');
  await writeFile(log, logging);
  const replicas = Math.min(count, 3);
  const { stdout } = await run('java', ['-cp', classPath, 'kafka.tools.StorageTool', 'random-uuid']);
  const cluster = stdout.trim().split('\n').at(-1) ?? '';
  const format = async (id: number) => {
    const own = join(folder, String(id));
    await mkdir(own);
    const more = listeners({ port: portOf(id, 2), folder });
    const extra = more.find((line) => line.startsWith('listeners='))?.slice('listeners='.length);
    const lines = [
      'process.roles=broker,controller',
      `node.id=${id}`,
      `controller.quorum.voters=${ids.map((each) => `${each}@127.0.0.1:${portOf(each, 1)}`).join(',')}`,
      `listeners=PLAINTEXT://127.0.0.1:${portOf(id, 0)},CONTROLLER://127.0.0.1:${portOf(id, 1)}${extra ? `,${extra}` : ''}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:${portOf(id, 0)}${extra ? `,${extra}` : ''}`,
      'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL',
      'controller.listener.names=CONTROLLER',
      'inter.broker.listener.name=PLAINTEXT',
      `log.dirs=${own}/data`,
      'auto.create.topics.enable=false',
      `offsets.topic.replication.factor=${replicas}`,
      'offsets.topic.num.partitions=3',
      `transaction.state.log.replication.factor=${replicas}`,
      'transaction.state.log.min.isr=1',
      `share.coordinator.state.topic.replication.factor=${replicas}`,
      'share.coordinator.state.topic.min.isr=1',
      'group.initial.rebalance.delay.ms=0',
      // see tests/stack/servers/kafka-settings.ts
      'log.cleaner.dedupe.buffer.size=8388608',
      ...properties,
      ...more.filter((line) => !line.startsWith('listeners=')),
    ];
    await writeFile(join(own, 'server.properties'), `${lines.join('\n')}\n`);
    const scram = Object.entries(users).flatMap(([name, password]) => [
      '--add-scram',
      `SCRAM-SHA-512=[name=${name},password=${password}]`,
    ]);
    const tool = ['-XX:TieredStopAtLevel=1', '-cp', classPath, 'kafka.tools.StorageTool', 'format'];
    await run('java', [...tool, '-t', cluster, '-c', join(own, 'server.properties'), ...scram]);
  };
  const processes = new Map<number, ChildProcess>();
  const start = async (id: number) => {
    const own = join(folder, String(id));
    const out = openSync(join(own, 'log'), 'w');
    const machine = ['-XX:TieredStopAtLevel=1', '-Xms256m', '-Xmx256m', `-Dlog4j2.configurationFile=${log}`, ...java];
    const child = spawn('java', [...machine, '-cp', classPath, 'kafka.Kafka', join(own, 'server.properties')], {
      stdio: ['ignore', out, out],
    });
    closeSync(out);
    processes.set(id, child);
    await eventually(
      async () => {
        const text = await readFile(join(own, 'log'), 'utf8');
        if (child.exitCode !== null) throw new Error(`broker ${id} ended:\n${text.slice(-2_000)}`);
        return text.includes('Kafka Server started');
      },
      { timeout: 300_000, interval: 200 },
    );
  };
  const end = async (id: number, signal: 'SIGKILL' | 'SIGTERM') => {
    const child = processes.get(id);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  };
  await Promise.all(ids.map(format));
  const endAll = () => processes.forEach((child) => child.kill('SIGKILL'));
  process.once('exit', endAll);
  // none outlives a start that failed
  await Promise.all(ids.map(start)).catch((caught: unknown) => {
    endAll();
    throw caught;
  });
  return {
    addresses: ids.map((id) => `127.0.0.1:${portOf(id, 0)}`),
    others: ids.map((id) => portOf(id, 2)),
    folder,
    kill: (id) => end(id, 'SIGKILL'),
    start,
    async stop() {
      await Promise.all(ids.map((id) => end(id, 'SIGKILL')));
      await rm(folder, { recursive: true, force: true });
    },
  };
};
