import { mspIdOf, organisations, portsOf, type Joined, type Organisation } from './organisations.js';
import { materialOf } from './identities.js';
import type { Stack } from '../stack.js';

const signature = (rule: string) => ({ Type: 'Signature', Rule: rule });
const meta = (rule: string) => ({ Type: 'ImplicitMeta', Rule: rule });
const half = { Readers: meta('ANY Readers'), Writers: meta('ANY Writers'), Admins: meta('MAJORITY Admins') };

/**
 * `configtx.yaml`: who is in the network, and by whose signatures it is changed. A chaincode is approved and endorsed by most organisations unless its
 * definition says otherwise. Only orderers sign blocks.
 *
 * @param modern the channel's first block holds everything; else a system channel for the orderers, and a request for the channel
 */
export function channelSettings(stack: Stack, modern: boolean): object {
  const members = organisations.map((each) => memberOf(stack, each));
  const orderer = {
    ...ordering(stack),
    Organizations: organisations.map((each) => ordererOf(stack, each)),
    Policies: { ...half, BlockValidation: meta('ANY Writers') },
    Capabilities: { V2_0: true },
  };
  const application = {
    Organizations: members,
    Policies: {
      ...half,
      LifecycleEndorsement: meta('MAJORITY Endorsement'),
      Endorsement: meta('MAJORITY Endorsement'),
    },
    Capabilities: modern ? { V2_5: true } : { V2_0: true },
  };
  const top = { Policies: half, Capabilities: { V2_0: true } };
  return {
    Profiles: modern
      ? { Channel: { ...top, Orderer: orderer, Application: application } }
      : {
          Orderers: { ...top, Orderer: orderer, Consortiums: { Region: { Organizations: members } } },
          Channel: { ...top, Consortium: 'Region', Application: application },
        },
  };
}

/** Defaults of a field deployment but for the batch: blocks are cut after 200 ms or 500 transactions. */
function ordering(stack: Stack): object {
  return {
    OrdererType: 'etcdraft',
    BatchTimeout: stack.places.batchTimeout ?? '200ms',
    BatchSize: { MaxMessageCount: 500, AbsoluteMaxBytes: '10 MB', PreferredMaxBytes: '2 MB' },
    EtcdRaft: {
      Consenters: organisations.map((each) => {
        const { certificate } = materialOf(stack, each).tls('orderer');
        return {
          Host: '127.0.0.1',
          Port: portsOf(stack, each).orderer.clients,
          ClientTLSCert: certificate,
          ServerTLSCert: certificate,
        };
      }),
      Options: {
        TickInterval: '500ms',
        ElectionTick: 10,
        HeartbeatTick: 1,
        MaxInflightBlocks: 5,
        SnapshotIntervalSize: '16 MB',
      },
    },
  };
}

/** An organisation as the channel knows it. */
export function memberOf(stack: Stack, organisation: Joined): object {
  const id = mspIdOf(organisation);
  return {
    Name: id,
    ID: id,
    MSPDir: materialOf(stack, organisation).msp,
    Policies: {
      Readers: signature(`OR('${id}.member')`),
      Writers: signature(`OR('${id}.member')`),
      Admins: signature(`OR('${id}.admin')`),
      Endorsement: signature(`OR('${id}.peer')`),
    },
    AnchorPeers: [{ Host: '127.0.0.1', Port: portsOf(stack, organisation).peer.clients }],
  };
}

function ordererOf(stack: Stack, organisation: Organisation): object {
  const id = mspIdOf(organisation);
  return {
    Name: id,
    ID: id,
    MSPDir: materialOf(stack, organisation).msp,
    Policies: {
      Readers: signature(`OR('${id}.member')`),
      Writers: signature(`OR('${id}.orderer', '${id}.admin')`),
      Admins: signature(`OR('${id}.admin')`),
    },
    OrdererEndpoints: [`127.0.0.1:${portsOf(stack, organisation).orderer.clients}`],
  };
}
