import { isProblem, problem, type Problem } from '@medshare/problems';

/** What is read of an error of the library and of those it wraps. */
interface Link {
  name?: string;
  code?: unknown;
  type?: string;
  cause?: unknown;
  originalError?: unknown;
  errors?: unknown;
}

/** An error and what caused it, the innermost last. */
const chainOf = (caught: unknown, depth = 0): (Link & object)[] => {
  if (typeof caught !== 'object' || caught === null || depth > 8) return [];
  const link = caught as Link;
  const first = Array.isArray(link.errors) ? (link.errors[0] as unknown) : undefined;
  return [link, ...chainOf(first ?? link.cause ?? link.originalError, depth + 1)];
};

const untrusted: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate of a broker has expired',
  CERT_NOT_YET_VALID: 'the certificate of a broker is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of a broker is of another host; kafka.tls.serverName names it',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of a broker is not of a trusted authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate of a broker is not of a trusted authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of a broker is not of a trusted authority',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate of a broker is not of a trusted authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate of a broker is not of a trusted authority',
  EPROTO: 'a broker does not speak TLS at this address',
  ERR_SSL_WRONG_VERSION_NUMBER: 'a broker does not speak TLS at this address',
};

const denied = /^(TOPIC|GROUP|CLUSTER|TRANSACTIONAL_ID)_AUTHORIZATION_FAILED$/;

/** `[setting, what is wrong with it]`, for what an operator must mend */
const settingAtFault = (chain: readonly Link[]): readonly [string, string] | undefined => {
  const codes = chain.map(({ code }) => code).filter((code) => typeof code === 'string');
  const distrust = codes.find((code) => code in untrusted);
  if (distrust !== undefined) return ['kafka.tls', untrusted[distrust] as string];
  if (codes.some((code) => code.startsWith('ERR_SSL_')))
    return ['kafka.tls.cert', 'the brokers refuse our certificate, or have expired it'];
  if (chain.some(({ name }) => name === 'KafkaJSSASLAuthenticationError'))
    return ['kafka.sasl', 'the brokers refuse these credentials'];
  const right = chain.find(({ type }) => type !== undefined && denied.test(type))?.type;
  if (right !== undefined) return ['kafka.sasl', `who this is may not do this: ${right}`];
  if (chain.some(({ type }) => type === 'UNKNOWN_TOPIC_OR_PARTITION'))
    return ['kafka.topics', 'a topic is missing: medshare migrate makes them'];
  if (chain.some(({ type }) => type === 'INVALID_REPLICATION_FACTOR'))
    return ['kafka.topics.replicationFactor', 'there are fewer brokers than that'];
  return undefined;
};

/**
 * What went wrong with the brokers, in our words: one line that names the setting.
 * @param starting what an operator must mend is then `config.invalid`; later everything is `bus.unavailable`, and tried again
 */
export const kafkaProblem = (caught: unknown, { starting = false } = {}): Problem => {
  const chain = chainOf(caught);
  const own = chain.find(isProblem);
  if (own) return own;
  const fault = settingAtFault(chain);
  if (fault)
    return problem(starting ? 'config.invalid' : 'bus.unavailable', {
      where: fault[0],
      detail: fault[1],
      cause: caught,
    });
  const name = chain.find(
    ({ name }) => name !== 'KafkaJSNumberOfRetriesExceeded' && name !== 'KafkaJSNonRetriableError',
  )?.name;
  const detail =
    name === 'KafkaJSConnectionClosedError'
      ? 'a broker closed the connection; does it speak TLS (kafka.tls), and want credentials (kafka.sasl)?'
      : 'no broker answers';
  return problem('bus.unavailable', { where: 'bus', detail, cause: caught });
};
