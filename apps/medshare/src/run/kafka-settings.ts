import { systemClock } from '@medshare/clock';
import type { KafkaSettings, SaslSettings, TlsMaterial, TopicSettings } from '@medshare/bus/kafka.driver';
import { clientCredentials } from '@medshare/identity';
import { isProblem, problem } from '@medshare/problems';
import { decodeJwt } from 'jose';
import type { Config } from '../config.js';
import { brokersOf } from '../config/kafka.js';
import { authoritiesOf, secretOf, textOf } from './setting-files.js';

const DAY = 86_400_000;
/** A token is asked for anew when it lives for less than this, ms, or less than half its life. */
const LEAST_LIFE = 60_000;

/** What the configuration says of Kafka, with the files it names. @throws Problem config.invalid that names the setting */
export function kafkaSettings({
  bus,
  kafka,
  institution,
  identity,
}: Pick<Config, 'bus' | 'kafka' | 'institution' | 'identity'>): KafkaSettings {
  const { prefix = `${institution}.`, tls, sasl } = kafka;
  const settings = {
    brokers: brokersOf(bus) ?? [],
    prefix,
    ...(tls && { tls: () => tlsMaterial(tls) }),
    ...(sasl && { sasl: saslSettings(sasl, identity) }),
  };
  // a file that is missing is told now and not at some connection
  settings.tls?.();
  return settings;
}

export function topicSettings({ kafka: { topics } }: Pick<Config, 'kafka'>): TopicSettings {
  const { retentionDays, ...others } = topics;
  return { ...others, retentionMs: retentionDays * DAY };
}

function tlsMaterial({ authorities, cert, key, serverName }: NonNullable<Config['kafka']['tls']>): TlsMaterial {
  return {
    ...(authorities !== undefined && { ca: textOf('kafka.tls.authorities', authorities) }),
    ...(cert !== undefined && { cert: textOf('kafka.tls.cert', cert) }),
    ...(key !== undefined && { key: secretOf('kafka.tls.key', key) }),
    ...(serverName !== undefined && { serverName }),
  };
}

function saslSettings(sasl: NonNullable<Config['kafka']['sasl']>, identity: Config['identity']): SaslSettings {
  const {
    mechanism,
    username = '',
    passwordFile = '',
    issuer = identity.issuer,
    clientId = '',
    clientSecretFile = '',
  } = sasl;
  if (mechanism === 'scram-sha-512')
    return { mechanism, username, password: secretOf('kafka.sasl.passwordFile', passwordFile) };
  const secret = secretOf('kafka.sasl.clientSecretFile', clientSecretFile);
  // another provider's certificate is one that the system trusts
  const own = new URL(issuer).origin === new URL(identity.issuer).origin;
  const authorities = own ? authoritiesOf(identity) : undefined;
  return { mechanism, token: keptToken(() => askForToken({ issuer, clientId, secret, authorities })) };
}

async function askForToken(request: Parameters<typeof clientCredentials>[0]): Promise<string> {
  try {
    return await clientCredentials(request);
  } catch (caught) {
    const refused = isProblem(caught) && caught.code === 'auth.unauthenticated';
    throw refused
      ? problem('config.invalid', {
          where: 'kafka.sasl.clientSecretFile',
          detail: 'the issuer refuses this service account',
        })
      : problem('bus.unavailable', { where: 'kafka.sasl.issuer', detail: 'the issuer gives no token' });
  }
}

/** Every connection asks; the issuer is asked once while its token lives. */
export function keptToken(ask: () => Promise<string>, clock = systemClock): () => Promise<string> {
  let kept: Promise<{ token: string; until: number }> | undefined;
  const renew = () => {
    const asked = clock.now();
    kept = ask().then((token) => {
      const { exp } = decodeJwt(token);
      const ends = exp === undefined ? asked : exp * 1000;
      return { token, until: ends - Math.min(LEAST_LIFE, (ends - asked) / 2) };
    });
    kept.catch(() => (kept = undefined));
    return kept;
  };
  return async () => {
    const { token, until } = await (kept ?? renew());
    return clock.now() < until ? token : (await renew()).token;
  };
}
