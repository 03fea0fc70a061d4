import type { Stack } from '../stack.js';
import { jwksUrl, nodes } from './kafka.js';

const security = 'org.apache.kafka.common.security';

/** What token a broker believes: one for `kafka` from the realm of the infrastructure. */
function bearerSettings(stack: Stack, authority: string): Record<string, string> {
  const issuer = jwksUrl(stack).replace('/protocol/openid-connect/certs', '');
  const bearer = 'listener.name.clients.oauthbearer.sasl';
  return {
    // with any option at all the module wants to sign in itself, with a token that nothing asks for: a claim keeps it content
    [`${bearer}.jaas.config`]: `${security}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="unused" ssl.truststore.type="PEM" ssl.truststore.location="${authority}";`,
    [`${bearer}.server.callback.handler.class`]: `${security}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
    [`${bearer}.oauthbearer.jwks.endpoint.url`]: jwksUrl(stack),
    [`${bearer}.oauthbearer.expected.issuer`]: issuer,
    [`${bearer}.oauthbearer.expected.audience`]: 'kafka',
    // a service account is known by its client: the same name as with SCRAM
    [`${bearer}.oauthbearer.sub.claim.name`]: 'azp',
  };
}

/**
 * server.properties of one node (Kafka 4.3, KRaft). Clients come by SASL_SSL with SCRAM-SHA-512 or OAUTHBEARER; brokers and controllers
 * speak to each other by TLS with a certificate on both ends. Nobody may do what no rule allows.
 *
 * @param bearer whether tokens are taken: a broker that cannot fetch the issuer's keys when it starts does not start at all
 */
export async function kafkaSettings(stack: Stack, node: number, data: string, bearer: boolean): Promise<string> {
  const { both, authority } = await stack.certificates.of('kafka');
  const { clients, brokers, controllers } = stack.ports.kafka(node);
  const settings: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(node),
    'controller.quorum.voters': nodes
      .map((each) => `${each}@127.0.0.1:${stack.ports.kafka(each).controllers}`)
      .join(','),
    listeners: `CLIENTS://127.0.0.1:${clients},BROKERS://127.0.0.1:${brokers},CONTROLLERS://127.0.0.1:${controllers}`,
    'advertised.listeners': `CLIENTS://127.0.0.1:${clients},BROKERS://127.0.0.1:${brokers}`,
    'listener.security.protocol.map': 'CLIENTS:SASL_SSL,BROKERS:SSL,CONTROLLERS:SSL',
    'controller.listener.names': 'CONTROLLERS',
    'inter.broker.listener.name': 'BROKERS',
    'log.dirs': data,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': both,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority,
    'listener.name.brokers.ssl.client.auth': 'required',
    'listener.name.controllers.ssl.client.auth': 'required',
    'listener.name.clients.sasl.enabled.mechanisms': `SCRAM-SHA-512${bearer ? ',OAUTHBEARER' : ''}`,
    'listener.name.clients.scram-sha-512.sasl.jaas.config': `${security}.scram.ScramLoginModule required;`,
    ...(bearer && bearerSettings(stack, authority)),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'false',
    'super.users': 'User:CN=kafka.stack,OU=kafka,O=stack;User:admin',
    'auto.create.topics.enable': 'false',
    'default.replication.factor': '3',
    'min.insync.replicas': '2',
    'unclean.leader.election.enable': 'false',
    'offsets.topic.replication.factor': '3',
    'offsets.topic.num.partitions': '12',
    'transaction.state.log.replication.factor': '3',
    'transaction.state.log.min.isr': '2',
    'transaction.state.log.num.partitions': '3',
    'share.coordinator.state.topic.num.partitions': '3',
    'group.initial.rebalance.delay.ms': '0',
    // the default, 128 MiB in one piece, is half of the heap: a broker that starts under load dies of it
    'log.cleaner.dedupe.buffer.size': '8388608',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
