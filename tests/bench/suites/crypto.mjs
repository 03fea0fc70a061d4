import { randomBytes } from 'node:crypto';
import {
  boxFragments,
  checkCapsule,
  deal as makeDeal,
  openCapsules,
  sealCapsule,
  suite,
  toBase64url,
  unboxFragments,
} from '@medshare/crypto';
import { figure } from '../figures.mjs';
import { npmPeer } from '../peers.mjs';
import { cpu, ratesOf } from '../rates.mjs';
import { sealing } from './sealing.mjs';

const peerName = 'umbral-pre 0.10.0';
const curves = { intl: 'P-256', sm: 'SM2' };
const leaves = ['first@a', 'second@b', 'third@c'];

/** A grant of a deal over `k` of the leaves, with its capsules. */
function grantOn(used, k, count) {
  const formula = { k, of: leaves.map((leaf) => ({ leaf })) };
  const about = { region: 'east', institution: 'a', episode: 'e', class: 'ordinary', epoch: 0 };
  const { deal, shares } = makeDeal(used, formula, about);
  const reader = used.generateKeyPair();
  const expiresAt = Date.now() + 3_600_000;
  const context = { grant: 'g', deal: deal.id, reader: toBase64url(reader.publicKey), purpose: 'TREAT', expiresAt };
  const sealed = Array.from({ length: count }, (_, i) => sealCapsule(used, deal, `s${i}`));
  const capsules = sealed.map(({ capsule }) => capsule);
  const fragmentsOf = (leaf) => boxFragments(used, deal, leaf, shares.get(leaf), context, capsules);
  const boxed = leaves.slice(0, k).map(fragmentsOf);
  const unbox = (one) => unboxFragments(used, deal, reader.privateKey, context, capsules, one);
  const open = (fragments) => openCapsules(used, deal, capsules, fragments);
  return {
    deal,
    capsules,
    keys: sealed.map(({ key }) => key),
    boxed,
    fragmentsOf,
    unbox,
    open,
    share: shares.get(leaves[0]),
  };
}

/** The peer's operations at 2 of 3; its capsule is checked when it is made of bytes, its fragments by their proof and signature. */
function peerOperations(peer) {
  if (!peer) return {};
  const [owner, signing, reader] = [0, 1, 2].map(() => peer.SecretKey.random());
  const [publicKey, readerKey] = [owner.publicKey(), reader.publicKey()];
  const signer = new peer.Signer(signing);
  const verifying = signing.publicKey();
  const [capsule, ciphertext] = peer.encrypt(publicKey, randomBytes(32));
  const keys = peer.generateKFrags(owner, readerKey, signer, 2, 3, true, true);
  const bytes = keys.slice(0, 2).map((key) => peer.reencrypt(capsule, key).toBytes());
  const verify = (one) => peer.CapsuleFrag.fromBytes(one).verify(capsule, verifying, publicKey, readerKey);
  const trust = (one) => peer.CapsuleFrag.fromBytes(one).skipVerification();
  const open = (fragments) => peer.decryptReencrypted(reader, publicKey, capsule, fragments, ciphertext);
  return {
    peerFragment: () => peer.reencrypt(capsule, keys[0]),
    peerVerify: () => verify(bytes[0]),
    peerOpen: () => open(bytes.map(trust)),
    peerVerifyAndOpen: () => open(bytes.map(verify)),
  };
}

function ratesOfCurve(name, peer, options) {
  const used = suite(name);
  const one = grantOn(used, 2, 1);
  const opened = one.boxed.map(one.unbox);
  const [capsule] = one.capsules;
  const share = used.curve.scalarOf(one.share);
  const point = used.curve.decode(Buffer.from(capsule.E, 'base64url'));
  const rates = ratesOf(
    {
      seal: () => sealCapsule(used, one.deal, 's'),
      check: () => checkCapsule(used, one.deal, capsule),
      product: () => used.curve.encode(used.curve.multiply(share, point)),
      fragment: () => one.fragmentsOf(leaves[0]),
      unbox: () => one.unbox(one.boxed[0]),
      open: () => one.open(opened),
      verifyAndOpen: () => one.open(one.boxed.map(one.unbox)),
      ...peerOperations(peer),
    },
    options,
  );
  const beside = (own, other, aim) =>
    peer
      ? { peer: rates[other].rate, peerName, ratio: rates[own].against(other), ...(name === 'intl' && { aim }) }
      : {};
  const row = (text, own, other, aim) =>
    figure(`${curves[name]}: ${text}`, '/CPU-s', rates[own].rate, other ? beside(own, other, aim) : {});
  return [
    row('capsule with its proof', 'seal'),
    row('check of a capsule', 'check'),
    row('fragment, nothing checked, proved or boxed', 'product'),
    row('fragment, capsule checked, proved, boxed', 'fragment', 'peerFragment', '≥ 0.7'),
    row('unbox and verify a fragment', 'unbox', 'peerVerify'),
    row('open with 2 verified fragments', 'open', 'peerOpen'),
    row('unbox, verify 2 and open', 'verifyAndOpen', 'peerVerifyAndOpen', '≥ 1.3'),
  ];
}

/** CPU seconds of a reader that opens a thousand capsules of one grant of three leaves. */
function thousand(name) {
  const many = grantOn(suite(name), 3, 1000);
  const began = cpu();
  const keys = many.open(many.boxed.map(many.unbox));
  const seconds = cpu() - began;
  if (!keys.every((key, i) => Buffer.compare(key, many.keys[i]) === 0)) throw new Error('other keys came out');
  return figure(`${curves[name]}: a reader opens 1,000 capsules, 3 leaves`, 'CPU-s', seconds, { aim: '≤ 1.5' });
}

export async function measure({ short }) {
  const options = short ? { rounds: 3, seconds: 0.15 } : { rounds: 5, seconds: 0.5 };
  const peer = await npmPeer('@nucypher/umbral-pre', '0.10.0');
  const figures = [...(await sealing(options))];
  for (const name of Object.keys(curves)) figures.push(...ratesOfCurve(name, peer, options), thousand(name));
  return { figures };
}
