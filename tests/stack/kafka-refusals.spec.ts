import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { systemClock as clock, systemRandom as random } from '@medshare/clock';
import { createEmbeddedProvider } from '@medshare/identity/embedded-oidc.driver';
import { migrateBus, openBus } from '@medshare/app/drivers';
import { loadConfig } from '@medshare/app/config';
import { createAuthority, issueCertificate } from '@medshare/peers';
import type { Problem } from '@medshare/problems';
import { eventually } from '@medshare/testkit';
import { stringify } from 'yaml';
import { startExpired, type ExpiredServer } from './expired-server.js';
import { startBrokers, type Brokers } from './kafka-brokers.js';

const security = 'org.apache.kafka.common.security';
const account = { clientId: 'harbor', secret: 'a long secret of a service account', roles: ['feed'] };

let folder: string;
let brokers: Brokers;
let issuer: { url: string; server: Server };
let expired: ExpiredServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kafka-refusals-'));
  issuer = await startIssuer();
  const authority = await createAuthority({ institution: 'stack', clock, random, validDays: 2 });
  const { key, cert } = await issueCertificate(authority, { role: 'kafka', hosts: ['127.0.0.1'], validDays: 1 });
  await file('ca.pem', authority.ca);
  await file('both.pem', `${key}\n${cert}\n`);
  for (const [name, text] of [
    ['right', 'right-password'],
    ['wrong', 'hunter2'],
    ['secret', account.secret],
  ])
    await file(name ?? '', text ?? '');
  expired = await startExpired();
  await file('old-ca.pem', expired.authority);
  const jwks = `${issuer.url}/protocol/openid-connect/certs`;
  const bearer = 'listener.name.sasl_ssl.oauthbearer.sasl';
  brokers = await startBrokers({
    count: 1,
    users: { harbor: 'right-password' },
    java: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${jwks}`],
    listeners: ({ port }) => [`listeners=SASL_SSL://127.0.0.1:${port}`],
    properties: [
      'ssl.keystore.type=PEM',
      `ssl.keystore.location=${join(folder, 'both.pem')}`,
      'sasl.enabled.mechanisms=SCRAM-SHA-512,OAUTHBEARER',
      // sessions end while the spec runs: clients sign in again, with tokens that still live
      'listener.name.sasl_ssl.oauthbearer.connections.max.reauth.ms=12000',
      `listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=${security}.scram.ScramLoginModule required;`,
      `${bearer}.jaas.config=${security}.oauthbearer.OAuthBearerLoginModule required;`,
      `${bearer}.server.callback.handler.class=${security}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
      `${bearer}.oauthbearer.jwks.endpoint.url=${jwks}`,
      `${bearer}.oauthbearer.expected.issuer=${issuer.url}`,
      `${bearer}.oauthbearer.expected.audience=medshare`,
      `${bearer}.oauthbearer.sub.claim.name=azp`,
    ],
  });
}, 600_000);
afterAll(async () => {
  await brokers?.stop();
  issuer.server.close();
  expired.close();
  await rm(folder, { recursive: true });
});

const file = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });

async function startIssuer(): Promise<{ url: string; server: Server }> {
  const app = express();
  const server = createHttpServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const provider = await createEmbeddedProvider({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    institution: 'harbor',
    folder,
    clients: [],
    serviceAccounts: [account],
    onLogin: () => Promise.resolve(),
    clock,
    random,
  });
  provider.mount(app);
  return { url: provider.issuer, server };
}

const scram = { mechanism: 'scram-sha-512', username: 'harbor', passwordFile: 'right' };
const bearer = () => ({ mechanism: 'oauthbearer', issuer: issuer.url, clientId: 'harbor', clientSecretFile: 'secret' });
const topics = { partitions: 4, replicationFactor: 1, minInsyncReplicas: 1 };
const tls = { authorities: 'ca.pem' };

/** As an operator writes it. */
const configOf = async (kafka: object, port = brokers.others[0] ?? 0) => {
  const text = stringify({
    region: 'east',
    institution: 'harbor',
    data: 'data',
    peers: { key: 'k', cert: 'c', authorities: { harbor: 'a' }, urls: { harbor: 'https://127.0.0.1:8443' } },
    keys: 'file:kek',
    identity: { issuer: issuer.url },
    bus: `kafka://127.0.0.1:${port}`,
    kafka: { topics, tls, sasl: scram, ...kafka },
  });
  await file('harbor.yaml', text);
  return loadConfig(join(folder, 'harbor.yaml'), {});
};
const open = async (...of: Parameters<typeof configOf>) => {
  const troubles: Problem[] = [];
  // a bus on Kafka hears of nothing in the database
  const bus = await openBus(await configOf(...of), {
    listener: undefined as never,
    onTrouble: (found) => troubles.push(found),
  });
  return { bus, troubles };
};
const event = (key: string, n: number) => ({
  id: `${key}-${n}`,
  topic: 'record.sealed',
  key,
  headers: {},
  value: { n },
});

describe('a bus on Kafka that asks who is there', () => {
  it('takes a user by SCRAM and a service account by its tokens, also when sessions end, each over TLS', async () => {
    expect(await migrateBus(await configOf({}))).toContain('topic harbor.record.sealed');
    expect(await migrateBus(await configOf({ sasl: bearer() }))).toEqual([]);
    const [one, two] = [await open({}), await open({ sasl: bearer() })];
    const seen: number[] = [];
    await two.bus.subscribe({
      group: 'g',
      topic: 'record.sealed',
      handler: ({ value }) => Promise.resolve(void seen.push((value as { n: number }).n)),
    });
    for (let n = 0; n < 8; n++) {
      await (n % 2 ? one : two).bus.publish([event('k', n)]);
      // past the end of a session
      await sleep(2_000);
    }
    await eventually(() => seen.length === 8, { timeout: 30_000 });
    expect([one.troubles, two.troubles]).toEqual([[], []]);
    expect((await two.bus.lag()).filter(({ topic }) => topic === 'record.sealed').every(({ lag }) => lag === 0)).toBe(
      true,
    );
    await Promise.all([one.bus.close(), two.bus.close()]);
  }, 120_000);

  it.each<[string, () => Parameters<typeof configOf>, string, string]>([
    ['a wrong password', () => [{ sasl: { ...scram, passwordFile: 'wrong' } }], 'config.invalid', 'kafka.sasl'],
    [
      'a service account that the issuer refuses',
      () => [{ sasl: { ...bearer(), clientSecretFile: 'wrong' } }],
      'config.invalid',
      'kafka.sasl.clientSecretFile',
    ],
    [
      'no issuer',
      () => [{ sasl: { ...bearer(), issuer: 'http://127.0.0.1:9/realms/x' } }],
      'bus.unavailable',
      'kafka.sasl.issuer',
    ],
    ['brokers of a strange authority', () => [{ tls: {} }], 'config.invalid', 'kafka.tls'],
    [
      'a certificate that has expired',
      () => [{ tls: { authorities: 'old-ca.pem' } }, expired.port],
      'config.invalid',
      'kafka.tls',
    ],
    ['no credentials', () => [{ sasl: undefined }], 'bus.unavailable', 'bus'],
    ['no TLS', () => [{ tls: undefined }], 'bus.unavailable', 'bus'],
    ['no broker', () => [{}, 9], 'bus.unavailable', 'bus'],
    ['topics that are missing', () => [{ prefix: 'other.' }], 'config.invalid', 'kafka.topics'],
    [
      'topics less durable than said',
      () => [{ topics: { ...topics, replicationFactor: 3, minInsyncReplicas: 2 } }],
      'config.invalid',
      'kafka.topics.replicationFactor',
    ],
  ])(
    'is refused at the start with %s: one line that names the setting',
    async (_, given, code, where) => {
      const caught = await open(...given()).then(
        () => undefined,
        (found: unknown) => found as Problem,
      );
      expect(caught).toMatchObject({ code, where });
      expect(caught?.message).not.toMatch(/\n|hunter2|password|KafkaJS/);
    },
    60_000,
  );

  it.each<[string, object, string]>([
    [
      'more copies than brokers',
      { prefix: 'copies.', topics: { ...topics, replicationFactor: 3, minInsyncReplicas: 2 } },
      'kafka.topics.replicationFactor',
    ],
    ['more partitions while events are kept', { topics: { ...topics, partitions: 8 } }, 'kafka.topics.partitions'],
    ['fewer partitions', { topics: { ...topics, partitions: 2 } }, 'kafka.topics.partitions'],
  ])(
    'migrates no topic to %s',
    async (_, kafka, where) => {
      await expect(migrateBus(await configOf(kafka))).rejects.toMatchObject({ code: 'config.invalid', where });
    },
    60_000,
  );

  it('adds partitions to topics that are empty, forgets what all have done, and brings settings', async () => {
    const { bus } = await open({});
    // what the first test published was done by its group
    expect(await (bus as { removeBefore(instant: number): Promise<number> }).removeBefore(clock.now() + 60_000)).toBe(
      8,
    );
    await bus.close();
    const done = await migrateBus(await configOf({ topics: { ...topics, partitions: 8, retentionDays: 90 } }));
    expect(done).toContain('topic harbor.record.sealed: 8 partitions');
    expect(done).toContain('topic harbor.record.sealed: settings');
    const { bus: again } = await open({ topics: { ...topics, partitions: 8 } });
    await again.publish([event('k', 9)]);
    await again.close();
  }, 60_000);
});
