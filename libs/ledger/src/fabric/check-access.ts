import { GatewayError } from '@hyperledger/fabric-gateway';
import { common, peer } from '@hyperledger/fabric-protos';
import { problem, type Problem } from '@medshare/problems';
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { connect, createSecureContext } from 'node:tls';
import { checkDates } from '../check-dates.js';
import type { Connection } from './connection.js';
import { textOf } from './ask-organisation.js';
import type { FabricAccess } from './settings.js';

const invalid = (setting: string, detail: string, cause?: unknown): Problem =>
  problem('config.invalid', { where: setting, detail, cause });
const away = (detail: string, cause?: unknown): Problem =>
  problem('ledger.unavailable', { where: 'ledger', detail, cause });

/** What the files alone show. @throws `config.invalid` that names the setting */
export function checkIdentity({ cert, key, tls }: FabricAccess, now: number): void {
  const shown = certificateOf('fabric.cert', cert);
  checkDates('fabric.cert', shown, now);
  const own = keyOf('fabric.key', key);
  if (!shown.checkPrivateKey(own)) throw invalid('fabric.key', 'is not the key of the certificate in fabric.cert');
  if (own.asymmetricKeyType !== 'ec') throw invalid('fabric.key', 'must be an elliptic-curve key');
  if (tls.authorities !== undefined) checkAuthorities(tls.authorities);
  if (tls.cert === undefined || tls.key === undefined) return;
  const ours = certificateOf('fabric.tls.cert', tls.cert);
  checkDates('fabric.tls.cert', ours, now);
  if (!ours.checkPrivateKey(keyOf('fabric.tls.key', tls.key)))
    throw invalid('fabric.tls.key', 'is not the key of the certificate in fabric.tls.cert');
}

function certificateOf(setting: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw invalid(setting, 'holds no certificate (PEM)', cause);
  }
}

/** All of them: two that stand in one line are none to OpenSSL. */
function checkAuthorities(pems: string): void {
  certificateOf('fabric.tls.authorities', pems);
  try {
    createSecureContext({ ca: pems });
  } catch (cause) {
    throw invalid('fabric.tls.authorities', 'holds what is no certificate (PEM)', cause);
  }
}

function keyOf(setting: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw invalid(setting, 'holds no private key (PEM)', cause);
  }
}

/** Reasons that will not go away by themselves, by OpenSSL's and Node's codes. */
const tlsMistakes = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'fabric.tls.authorities'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'fabric.tls.authorities'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'fabric.tls.authorities'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'fabric.tls.authorities'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'fabric.tls.authorities'],
  ['CERT_SIGNATURE_FAILURE', 'fabric.tls.authorities'],
  ['CERT_HAS_EXPIRED', 'ledger'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'fabric.tls.serverName'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'ledger'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'fabric.tls.cert'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'fabric.tls.cert'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'fabric.tls.cert'],
]);

const tlsTexts: Readonly<Record<string, string>> = {
  'fabric.tls.authorities': 'the peer’s certificate comes from none of these authorities',
  'fabric.tls.serverName': 'the peer’s certificate carries another name',
  'fabric.tls.cert': 'the peer does not take our certificate',
  ledger: 'the peer’s certificate has expired, or it speaks no TLS',
};

/**
 * One TLS connection to the peer.
 * @throws `config.invalid` that names the setting; `ledger.unavailable` when nobody is there
 */
export async function probeTls({ gateway, tls }: FabricAccess, ms: number): Promise<void> {
  const { host, port } = placeOf(gateway);
  await new Promise<void>((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ca: tls.authorities,
      cert: tls.cert,
      key: tls.key,
      ALPNProtocols: ['h2'],
      ...(/^[\d.:]+$/.test(tls.serverName ?? host) ? {} : { servername: tls.serverName ?? host }),
    });
    const end = (found?: Problem) => {
      clearTimeout(late);
      socket.destroy();
      if (found) reject(found);
      else resolve();
    };
    const late = setTimeout(() => end(away(`${gateway} does not answer`)), ms);
    // a server that wants a certificate says so after the handshake of TLS 1.3
    socket.once('secureConnect', () => setTimeout(end, 50));
    socket.once('error', (caught: NodeJS.ErrnoException) => {
      const setting = tlsMistakes.get(caught.code ?? '');
      end(setting ? invalid(setting, tlsTexts[setting]!, caught) : away(`${gateway} does not answer`, caught));
    });
  });
}

export function placeOf(gateway: string): { host: string; port: number } {
  const colon = gateway.lastIndexOf(':');
  return { host: gateway.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(gateway.slice(colon + 1)) };
}

/**
 * Whether the peer takes this identity, has joined the channel, and the chaincode is committed there.
 * @returns number of blocks that the peer has
 * @throws `config.invalid` that names the setting; `ledger.unavailable` when the peer cannot say
 */
export async function checkPeer(connection: Connection, ms: number): Promise<number> {
  const { gateway, access } = connection;
  const height = await askHeight(connection, ms);
  try {
    const deadline = Date.now() + ms;
    const contract = gateway.getNetwork(access.channel).getContract('_lifecycle');
    const question = Buffer.from(chaincodeQuestion(access.chaincode));
    const proposal = contract.newProposal('QueryChaincodeDefinition', { arguments: [question] });
    await proposal.evaluate({ deadline });
  } catch (caught) {
    if (/is not defined/.test(textOf(caught)))
      throw invalid(
        'fabric.chaincode',
        `${access.chaincode} is not committed on channel ${access.channel}: medshare chain status`,
        caught,
      );
    throw away('the peer does not tell what is committed', caught);
  }
  return height;
}

async function askHeight({ gateway, access }: Connection, ms: number): Promise<number> {
  try {
    const contract = gateway.getNetwork(access.channel).getContract('qscc');
    const proposal = contract.newProposal('GetChainInfo', { arguments: [access.channel] });
    const answer = await proposal.evaluate({ deadline: Date.now() + ms });
    return common.BlockchainInfo.deserializeBinary(answer).getHeight();
  } catch (caught) {
    throw peerRefusal(access, caught);
  }
}

/** Peers and Gateways of different releases say it differently; none says a setting. */
export function peerRefusal({ channel, mspId, gateway }: FabricAccess, caught: unknown): Problem {
  const text = textOf(caught);
  if (/channel '?.*'? not found|failed to get config for channel|policy manager for channel/i.test(text))
    return invalid('ledger', `the peer at ${gateway} has not joined channel ${channel}`, caught);
  // peers say one thing for every wrong identity, so that nobody learns which part was right
  if (/creator|access denied|identity|certificate|permission|MSP/i.test(text))
    return invalid('fabric.cert', `the channel does not take it as an identity of ${mspId} (fabric.mspId)`, caught);
  return away(caught instanceof GatewayError ? `the peer says ${caught.code}` : 'the peer does not answer', caught);
}

function chaincodeQuestion(name: string): Uint8Array {
  const question = new peer.lifecycle.QueryChaincodeDefinitionArgs();
  question.setName(name);
  return question.serializeBinary();
}
