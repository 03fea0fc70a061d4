import { execFileSync } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { chunkBytes, sealStream, suite } from '@medshare/crypto';
import { figure, median } from '../figures.mjs';
import { cpu } from '../rates.mjs';

const chunks = 16;
const MB = 1e6;

const bare = {
  intl(key, parts) {
    for (const [i, part] of parts.entries()) {
      const nonce = Buffer.alloc(12);
      nonce.writeUInt32BE(i, 7);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.update(part);
      cipher.final();
      cipher.getAuthTag();
    }
  },
  sm(key, parts) {
    for (const [i, part] of parts.entries()) {
      const nonce = Buffer.alloc(16);
      nonce.writeUInt32BE(i, 4);
      createCipheriv('sm4-ctr', key.subarray(0, 16), nonce).update(part);
    }
  },
};
const peerNames = { intl: 'bare aes-256-gcm', sm: 'bare sm4-ctr' };
const aims = { intl: '≥ 0.9 of bare', sm: '≥ 0.75 of bare' };
const opensslNames = { intl: 'aes-256-gcm', sm: 'sm4-ctr' };

/** MB/s of the openssl command on one core; nothing without it. */
function openssl(cipher) {
  try {
    const args = ['speed', '-elapsed', '-mr', '-seconds', '1', '-bytes', String(chunkBytes), '-evp', cipher];
    const text = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const rate = Number(/^\+F:.*:([\d.]+)\s*$/m.exec(text)?.[1]);
    return Number.isFinite(rate) ? rate / MB : undefined;
  } catch {
    return undefined;
  }
}

/** Sealing a stream of whole chunks (with its MAC) against the bare cipher over the same chunks, in turns; MB a CPU second. */
export async function sealing({ rounds }) {
  const figures = [];
  for (const name of ['intl', 'sm']) {
    const used = suite(name);
    const key = randomBytes(32);
    // as many bytes of content as fill the stream's chunks
    const each = chunkBytes - 4;
    const whole = randomBytes(chunks * each);
    const parts = Array.from({ length: chunks }, (_, i) => whole.subarray(i * each, (i + 1) * each));
    const bytes = whole.length;
    const pairs = [];
    for (let round = 0; round < 2 * rounds + 1; round += 1) {
      let began = cpu();
      const sealed = { key, use: 'section', record: 'r', section: String(round), epoch: 0 };
      for await (const part of sealStream(used, sealed, [whole]))
        if (part.length === 0) throw new Error('nothing sealed');
      const own = bytes / MB / (cpu() - began);
      began = cpu();
      bare[name](key, parts);
      // the first pair warms up
      if (round > 0) pairs.push({ own, peer: bytes / MB / (cpu() - began) });
    }
    const ratio = median(pairs.map(({ own, peer }) => own / peer));
    const peer = median(pairs.map((pair) => pair.peer));
    const beside = { peer, peerName: peerNames[name], ratio, aim: aims[name] };
    figures.push(figure(`sealing, suite ${name}`, 'MB/CPU-s', median(pairs.map(({ own }) => own)), beside));
    const command = openssl(opensslNames[name]);
    if (command) figures.push(figure(`  openssl speed ${opensslNames[name]}`, 'MB/s', command));
  }
  return figures;
}
