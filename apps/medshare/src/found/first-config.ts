import { stringify } from 'yaml';
import type { MemberFile } from './founding-files.js';

/** A configuration to begin with: what follows from who the members are; where its servers are, each operator adds. */
export function firstConfig(
  region: string,
  members: readonly Pick<MemberFile, 'id' | 'peerUrl'>[],
  institution: string,
): string {
  const config = {
    region,
    institution,
    data: '.',
    keys: 'file:keys/key-encryption-key',
    peers: {
      host: '0.0.0.0',
      key: 'tls/node-key.pem',
      cert: 'tls/node.pem',
      authorities: Object.fromEntries(members.map(({ id }) => [id, `tls/authorities/${id}.pem`])),
      urls: Object.fromEntries(members.map(({ id, peerUrl }) => [id, peerUrl])),
    },
    identity: { issuer: `https://sso.example/realms/${institution}` },
  };
  return `# ${institution} in ${region}. \`medshare config docs\` explains every key; identity.issuer is yours to say.\n${stringify(config)}`;
}
