import { fabricBinaries } from './fabric/binaries.js';
import { organisations } from './fabric/organisations.js';
import type { StackServer } from './server.js';
import { collector } from './servers/collector.js';
import { fabricGateway } from './servers/fabric-gateway.js';
import { fabricOrderer } from './servers/fabric-orderer.js';
import { fabricPeer } from './servers/fabric-peer.js';
import { kafka, nodes } from './servers/kafka.js';
import { keycloak } from './servers/keycloak.js';
import { kubo, kuboNodes } from './servers/kubo.js';
import { postgres } from './servers/postgres.js';
import { prometheus } from './servers/prometheus.js';
import { s3 } from './servers/s3.js';
import type { Stack } from './stack.js';

/** Parts of the stack that can be asked for; a part is one or several servers. */
export const parts: Record<string, (stack: Stack) => StackServer[]> = {
  postgres: (stack) => [postgres(stack)],
  keycloak: (stack) => [keycloak(stack)],
  kafka: (stack) => nodes.map((node) => kafka(stack, node)),
  kubo: (stack) => kuboNodes.map((node) => kubo(stack, node)),
  s3: (stack) => [s3(stack)],
  fabric: (stack) => [
    ...organisations.map((each) => fabricOrderer(stack, each)),
    ...organisations.map((each) => fabricPeer(stack, each)),
    // peers of 2.4 and later have the service themselves
    ...(fabricBinaries().modern ? [] : organisations.map((each) => fabricGateway(stack, each))),
  ],
  collector: (stack) => [collector(stack)],
  prometheus: (stack) => [prometheus(stack)],
};

export const serversOf = (stack: Stack, wanted: readonly string[] = Object.keys(parts)): StackServer[] =>
  wanted.flatMap((name) => parts[name]?.(stack) ?? []);
