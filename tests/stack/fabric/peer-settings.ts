import { join, resolve } from 'node:path';
import type { Stack } from '../stack.js';
import { at, mspIdOf, network, portsOf, type Joined } from './organisations.js';
import { materialOf } from './identities.js';

const bccsp = { Default: 'SW', SW: { Hash: 'SHA2', Security: 256 } };
const builder = resolve(import.meta.dirname, 'builder');

/** `core.yaml` of an organisation's peer: everything on the loopback, no Docker, chaincode as a service. Keys it does not name are zero or Fabric's defaults. */
export function peerSettings(stack: Stack, organisation: Joined, data: string): object {
  const { peer } = portsOf(stack, organisation);
  const material = materialOf(stack, organisation);
  const tls = material.tls('peer');
  return {
    peer: {
      id: `peer.${organisation}`,
      networkId: network,
      address: at(peer.clients),
      listenAddress: at(peer.clients),
      chaincodeListenAddress: at(peer.chaincodes),
      chaincodeAddress: at(peer.chaincodes),
      localMspId: mspIdOf(organisation),
      localMspType: 'bccsp',
      mspConfigPath: material.mspOf('peer'),
      fileSystemPath: data,
      BCCSP: bccsp,
      tls: {
        enabled: true,
        clientAuthRequired: false,
        cert: { file: tls.certificate },
        key: { file: tls.key },
        rootcert: { file: material.tlsAuthority },
      },
      keepalive: {
        interval: '7200s',
        timeout: '20s',
        minInterval: '60s',
        client: { interval: '60s', timeout: '20s' },
        deliveryClient: { interval: '60s', timeout: '20s' },
      },
      gossip: gossip(at(peer.clients)),
      client: { connTimeout: '3s' },
      // for ever, and never more than 5 s between two tries: after an outage of the orderers a peer catches up at once
      deliveryclient: { reconnectTotalTimeThreshold: '87600h', connTimeout: '3s', reConnectBackoffThreshold: '5s' },
      authentication: { timewindow: '15m' },
      profile: { enabled: false },
      handlers,
      discovery: { enabled: true, authCacheEnabled: true, authCacheMaxSize: 1000, authCachePurgeRetentionRatio: 0.75 },
      limits: { concurrency: { endorserService: 2500, deliverService: 2500, gatewayService: 500 } },
      maxRecvMsgSize: 104_857_600,
      maxSendMsgSize: 104_857_600,
      gateway: { enabled: true, endorsementTimeout: '30s', broadcastTimeout: '30s', dialTimeout: '2m' },
    },
    vm: { endpoint: '' },
    chaincode: {
      mode: 'net',
      keepalive: 0,
      installTimeout: '300s',
      startuptimeout: '300s',
      executetimeout: '30s',
      // the list of variables handed on has another name before and after 2.2
      externalBuilders: [{ name: 'ccaas', path: builder, environmentWhitelist: [], propagateEnvironment: [] }],
      system: {
        _lifecycle: 'enable',
        cscc: 'enable',
        lscc: 'enable',
        escc: 'enable',
        vscc: 'enable',
        qscc: 'enable',
      },
      logging: { level: 'info', shim: 'warning' },
    },
    ledger: {
      state: { stateDatabase: 'goleveldb', totalQueryLimit: 100_000 },
      history: { enableHistoryDatabase: true },
      pvtdataStore: { collElgProcMaxDbBatchSize: 5000, collElgProcDbBatchesInterval: 1000, purgeInterval: 100 },
      snapshots: { rootDir: join(data, 'snapshots') },
    },
    operations: { listenAddress: at(peer.operations), tls: { enabled: false } },
    metrics: { provider: 'prometheus' },
  };
}

const handlers = {
  authFilters: [{ name: 'DefaultAuth' }, { name: 'ExpirationCheck' }],
  decorators: [{ name: 'DefaultDecorator' }],
  endorsers: { escc: { name: 'DefaultEndorsement', library: '' } },
  validators: { vscc: { name: 'DefaultValidation', library: '' } },
};

/** One peer an organisation: it leads, fetches blocks from the orderers by itself, and is known to the others by the channel's anchors. */
const gossip = (address: string): object => ({
  bootstrap: address,
  endpoint: address,
  externalEndpoint: address,
  useLeaderElection: false,
  orgLeader: true,
  state: { enabled: false },
  pvtData: {
    // nothing private but an organisation's own approvals, which no other peer has: a restored one need not wait for them
    pullRetryThreshold: '1s',
    transientstoreMaxBlockRetention: 1000,
    pushAckTimeout: '3s',
    btlPullMargin: 10,
    reconcileBatchSize: 10,
    reconcileSleepInterval: '1m',
    reconciliationEnabled: true,
    implicitCollectionDisseminationPolicy: { requiredPeerCount: 0, maxPeerCount: 1 },
  },
});
