import type { Region } from '@medshare/events/chain';
import type { FabricAccess } from '@medshare/ledger/fabric.driver';
import { mspOf } from '@medshare/ledger/institution-of';
import type { Config } from '../config.js';
import { fabricPlace } from '../config/fabric.js';
import { secretOf, textOf } from './setting-files.js';

/** Who acts on the network; files of certificate and key, PEM. */
export interface FabricIdentity {
  readonly cert: string;
  readonly key: string;
}

/** What the configuration says of the network, with the files it names. @throws Problem config.invalid that names the setting */
export function fabricAccess(
  { ledger, fabric, institution }: Pick<Config, 'ledger' | 'fabric' | 'institution'>,
  region: Region,
  identity?: FabricIdentity,
): FabricAccess {
  const { tls, chaincode } = fabric;
  const member = region.members.find(({ id }) => id === institution);
  const { cert = '', key = '' } = identity ?? fabric;
  return {
    ...(fabricPlace(ledger) ?? { gateway: '', channel: '' }),
    chaincode,
    mspId: fabric.mspId ?? (member ? mspOf(member) : institution),
    cert: textOf('fabric.cert', cert),
    key: secretOf('fabric.key', key),
    tls: {
      ...(tls.authorities !== undefined && { authorities: textOf('fabric.tls.authorities', tls.authorities) }),
      ...(tls.cert !== undefined && { cert: textOf('fabric.tls.cert', tls.cert) }),
      ...(tls.key !== undefined && { key: secretOf('fabric.tls.key', tls.key) }),
      ...(tls.serverName !== undefined && { serverName: tls.serverName }),
    },
  };
}
