import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@medshare/testkit';
import { UnsecuredJWT } from 'jose';
import { identitySection } from '../config/identity.js';
import type { Config } from '../config.js';
import { kafkaSettings, keptToken } from './kafka-settings.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kafka-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string, mode = 0o600) => {
  const path = join(folder, name);
  writeFileSync(path, content, { mode });
  return path;
};
const topics = { partitions: 8, replicationFactor: 3, minInsyncReplicas: 2, retentionDays: 60 };
const config = (kafka: Partial<Config['kafka']>) =>
  ({
    bus: 'kafka://b1:9093,b2:9093',
    institution: 'harbor',
    identity: identitySection.parse({ issuer: 'https://sso/realms/harbor' }),
    kafka: { topics, ...kafka },
  }) satisfies Pick<Config, 'bus' | 'kafka' | 'institution' | 'identity'>;
const scram = (passwordFile: string) =>
  config({ sasl: { mechanism: 'scram-sha-512', username: 'harbor', passwordFile } });

describe('what the configuration says of Kafka', () => {
  it('becomes brokers, prefix, credentials, and certificates that are read at every connection', () => {
    const cert = file('cert.pem', 'one');
    const settings = kafkaSettings({
      ...scram(file('password', 's3cret\n')),
      kafka: { ...scram(join(folder, 'password')).kafka, tls: { cert } },
    });
    expect(settings).toMatchObject({
      brokers: ['b1:9093', 'b2:9093'],
      prefix: 'harbor.',
      sasl: { mechanism: 'scram-sha-512', username: 'harbor', password: 's3cret' },
    });
    expect(settings.tls?.()).toEqual({ cert: 'one' });
    file('cert.pem', 'two');
    expect(settings.tls?.()).toEqual({ cert: 'two' });
  });

  it.each<[string, () => Parameters<typeof kafkaSettings>[0], string]>([
    ['a password that others may read', () => scram(file('open', 's3cret', 0o644)), 'kafka.sasl.passwordFile'],
    ['an empty password', () => scram(file('empty', '\n')), 'kafka.sasl.passwordFile'],
    ['no password', () => scram(join(folder, 'none')), 'kafka.sasl.passwordFile'],
    ['no authorities', () => config({ tls: { authorities: join(folder, 'none') } }), 'kafka.tls.authorities'],
  ])('is refused with %s, and nothing of a file is told', (_, given, setting) => {
    const opening = () => kafkaSettings(given());
    expect(opening).toThrow(expect.objectContaining({ code: 'config.invalid', where: setting }));
    expect(opening).not.toThrow('s3cret');
  });
});

describe('a token for brokers', () => {
  const clock = new ManualClock('2026-01-01T00:00:00Z');
  const issuer = (life: number) => {
    let asked = 0;
    const ask = () => {
      asked++;
      const exp = Math.floor(clock.now() / 1000) + life;
      return Promise.resolve(new UnsecuredJWT({ n: asked }).setExpirationTime(exp).encode());
    };
    return { ask, asked: () => asked };
  };

  it('is asked for once by all connections, and anew a minute before its end', async () => {
    const { ask, asked } = issuer(300);
    const token = keptToken(ask, clock);
    const all = await Promise.all(Array.from({ length: 20 }, () => token()));
    expect([new Set(all).size, asked()]).toEqual([1, 1]);
    clock.advance(239_000);
    await token();
    expect(asked()).toBe(1);
    clock.advance(2_000);
    expect(await token()).not.toBe(all[0]);
    expect(asked()).toBe(2);
  });

  it('of a short life serves half of it; a refusal is not kept', async () => {
    const { ask, asked } = issuer(60);
    let refuse = true;
    const token = keptToken(() => (refuse ? Promise.reject(new Error('no')) : ask()), clock);
    await expect(token()).rejects.toThrow('no');
    refuse = false;
    await token();
    clock.advance(31_000);
    await token();
    expect(asked()).toBe(2);
  });
});
