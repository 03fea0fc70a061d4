import kafkajs from 'kafkajs';
import { problem } from '@medshare/problems';
import { kafkaProblem } from './failures.js';

const { KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } = kafkajs;
/** The library makes these of a text, which its types do not say. */
const denial = Object.assign(new Error('secret-host'), { name: 'KafkaJSSASLAuthenticationError' });
const connection = (code: string) => new KafkaJSConnectionError(`Connection error: secret-host ${code}`, { code });
const protocol = (type: string) =>
  new KafkaJSProtocolError(Object.assign(new Error('secret-host'), { type, code: 1, retriable: false }));
const given = (error: Error) => new KafkaJSNumberOfRetriesExceeded(error, { retryCount: 4, retryTime: 100 });

describe('what goes wrong with the brokers', () => {
  it.each<[string, Error, string]>([
    ['wrong credentials', denial, 'kafka.sasl'],
    ['an expired certificate', connection('CERT_HAS_EXPIRED'), 'kafka.tls'],
    ['a certificate of another host', connection('ERR_TLS_CERT_ALTNAME_INVALID'), 'kafka.tls'],
    ['a strange authority', connection('SELF_SIGNED_CERT_IN_CHAIN'), 'kafka.tls'],
    ['our certificate refused', connection('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), 'kafka.tls.cert'],
    ['a missing right', protocol('TOPIC_AUTHORIZATION_FAILED'), 'kafka.sasl'],
    ['a missing topic', protocol('UNKNOWN_TOPIC_OR_PARTITION'), 'kafka.topics'],
    ['too few brokers', protocol('INVALID_REPLICATION_FACTOR'), 'kafka.topics.replicationFactor'],
  ])('names the setting: %s', (_, error, setting) => {
    for (const caught of [error, given(error)]) {
      const starting = kafkaProblem(caught, { starting: true });
      expect(starting).toMatchObject({ code: 'config.invalid', where: setting });
      expect(starting.message).not.toMatch(/secret-host|\n/);
      expect(kafkaProblem(caught)).toMatchObject({ code: 'bus.unavailable', where: setting });
    }
  });

  it('is no broker that answers, for everything else', () => {
    for (const caught of [given(connection('ECONNREFUSED')), new TypeError('x'), undefined])
      expect(kafkaProblem(caught, { starting: true })).toMatchObject({ code: 'bus.unavailable', where: 'bus' });
  });

  it('stays the problem that it was', () => {
    const own = problem('config.invalid', { where: 'kafka.sasl.clientSecretFile' });
    expect(kafkaProblem(Object.assign(new Error('wrapped'), { cause: own }))).toBe(own);
  });
});
