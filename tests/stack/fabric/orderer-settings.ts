import { join } from 'node:path';
import type { Stack } from '../stack.js';
import { at, mspIdOf, networkFolder, portsOf, type Organisation } from './organisations.js';
import { materialOf } from './identities.js';

/** The first block of the orderers' system channel, for releases that have one. */
export const systemBlock = (stack: Stack): string => join(networkFolder(stack), 'orderers.block');

/** `orderer.yaml`. An older release refuses keys that it does not know. */
export function ordererSettings(stack: Stack, organisation: Organisation, data: string, modern: boolean): object {
  const { orderer } = portsOf(stack, organisation);
  const material = materialOf(stack, organisation);
  const { certificate, key } = material.tls('orderer');
  const tls = {
    Enabled: true,
    Certificate: certificate,
    PrivateKey: key,
    RootCAs: [material.tlsAuthority],
    ClientAuthRequired: false,
  };
  return {
    General: {
      ListenAddress: '127.0.0.1',
      ListenPort: orderer.clients,
      TLS: tls,
      Keepalive: { ServerMinInterval: '10s', ServerInterval: '7200s', ServerTimeout: '20s' },
      Cluster: {
        SendBufferSize: 100,
        ClientCertificate: certificate,
        ClientPrivateKey: key,
        RootCAs: [material.tlsAuthority],
      },
      LocalMSPDir: material.mspOf('orderer'),
      LocalMSPID: mspIdOf(organisation),
      BCCSP: { Default: 'SW', SW: { Hash: 'SHA2', Security: 256 } },
      Authentication: { TimeWindow: '15m' },
      ...(modern
        ? { BootstrapMethod: 'none', MaxRecvMsgSize: 104_857_600, MaxSendMsgSize: 104_857_600 }
        : { BootstrapMethod: 'file', BootstrapFile: systemBlock(stack) }),
    },
    FileLedger: { Location: join(data, 'ledger') },
    Operations: { ListenAddress: at(orderer.operations), TLS: { Enabled: false } },
    Metrics: { Provider: 'prometheus' },
    Consensus: { WALDir: join(data, 'wal'), SnapDir: join(data, 'snapshots') },
    ...(modern && {
      ChannelParticipation: { Enabled: true, MaxRequestBodySize: '1 MB' },
      Admin: {
        ListenAddress: at(orderer.administration),
        TLS: { ...tls, ClientAuthRequired: true, ClientRootCAs: [material.tlsAuthority] },
      },
    }),
  };
}
