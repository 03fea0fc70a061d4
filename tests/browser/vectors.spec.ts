import { randomBytes } from 'node:crypto';
import { hashReason } from '@medshare/client';
import {
  boxFragments,
  deal,
  openBytes,
  sealBytes,
  sealCapsule,
  signDocument,
  suite,
  toBase64url,
  fromBase64url,
  verifyDocument,
  type Formula,
  type Sealing,
} from '@medshare/crypto';
import { vectors } from '@medshare/crypto/fixture/vectors.fixture';
import type { AuditProof, StaffCertificate } from '@medshare/events';
import { inclusionProof, rootOf, saltedLeaf } from '@medshare/proofs';
import { bundle, findChromium, openBrowser, type Browser } from './chromium.js';

const formula: Formula = { k: 2, of: [{ leaf: 'patient@home' }, { leaf: 'attending@a' }, { leaf: 'custodian@b' }] };
const about = { region: 'east', institution: 'a', episode: 'e1', class: 'ordinary', epoch: 1 };

/** The text with one bit of its bytes flipped. */
const flip = (text: string, at = 0): string => {
  const bytes = fromBase64url(text);
  bytes[at] = bytes[at]! ^ 1;
  return toBase64url(bytes);
};

it('says that Chromium is missing, where it is', () => {
  expect(() => findChromium('/nowhere')).toThrow('no Chromium on the PATH');
});

describe('the browser entry', () => {
  it('bundles without node, and small', async () => {
    const { text, size, gzipped, inputs } = await bundle('libs/client/src/browser.ts', 'medshare');
    expect(text).not.toMatch(/['"`]node:|\brequire\(|\bprocess\.|\bBuffer\b/);
    expect(inputs.filter((file) => !/^(libs\/(client|crypto|proofs)\/src|node_modules\/@noble)\//.test(file))).toEqual(
      [],
    );
    process.stdout.write(`browser entry: ${size} bytes minified, ${gzipped} gzipped\n`);
    expect(gzipped).toBeLessThan(60_000);
  });

  it('would not bundle with node in it (control)', async () => {
    await expect(bundle('libs/crypto/src/index.ts', 'medshare')).rejects.toThrow('node:crypto');
  });
});

describe('in Chromium', () => {
  let page: Browser;
  beforeAll(async () => {
    page = await openBrowser();
  }, 90_000);
  afterAll(() => page?.close());

  it('nothing of node is there', async () => {
    expect(await page.evaluate('[typeof process, typeof Buffer, typeof require, typeof window]')).toEqual([
      'undefined',
      'undefined',
      'undefined',
      'object',
    ]);
    expect(page.version).toMatch(/^\d+\./);
  });

  it('the published vectors come out', async () => {
    expect(await page.call('computeVectors', vectors)).toEqual(vectors);
  });

  it('a tampered vector does not (control)', async () => {
    for (const key of ['sm2', 'p256'] as const) {
      const changed = { ...vectors, [key]: { ...vectors[key], message: 'another' } };
      expect((await page.call('computeVectors', changed))[key].signature).toBe('');
    }
    const { sm3, sm4, sha256, hmac, hkdf } = vectors;
    const changed = {
      ...vectors,
      sm3: sm3.map((one) => ({ ...one, message: `${one.message}.` })),
      sm4: { ...sm4, key: `${sm4.key.slice(0, -1)}1` },
      sha256: { ...sha256, message: 'abd' },
      hmac: { ...hmac, key: 'Jeff' },
      hkdf: { ...hkdf, salt: 'ff' },
    };
    const computed = await page.call('computeVectors', changed);
    for (const key of ['sm3', 'sm4', 'sha256', 'hmac', 'hkdf'] as const)
      expect(computed[key]).not.toEqual(changed[key]);
  });

  describe.each(['intl', 'sm'] as const)('of suite %s', (name) => {
    const used = suite(name);
    const ids = { use: 'section', record: 'r', section: 's1', epoch: 3 };
    const key = used.randomBytes(32);
    const sealing: Sealing = { ...ids, key };
    const sealingJson = { ...ids, key: toBase64url(key) };

    it.each([0, 5000, 1_100_000])('a stream of %d bytes seals to the same and opens on both sides', async (length) => {
      const plaintext = new Uint8Array(randomBytes(length));
      const text = toBase64url(plaintext);
      const sealed = toBase64url(await sealBytes(used, sealing, plaintext));
      // compared whole, not by jest: a difference would be printed in megabytes
      const there = await page.call('seal', name, sealingJson, text);
      expect(there === sealed).toBe(true);
      expect((await page.call('open', name, sealingJson, sealed)) === text).toBe(true);
      expect(toBase64url(await openBytes(used, sealing, fromBase64url(there))) === text).toBe(true);
      for (const at of [0, 8, fromBase64url(sealed).length - 1])
        await expect(page.call('open', name, sealingJson, flip(sealed, at))).rejects.toThrow('authentication failed');
    });

    it('a section opens with fragments, and not with too few, tampered ones or for another grant', async () => {
      const { deal: dealt, shares } = deal(used, formula, about);
      const reader = await page.call('makeReader', name);
      const { capsule, key: sectionKey } = sealCapsule(used, dealt, 's1');
      const text = toBase64url(new Uint8Array(randomBytes(3000)));
      const sealed = toBase64url(await sealBytes(used, { ...ids, key: sectionKey }, fromBase64url(text)));
      // and one that the browser sealed
      const own = await page.call('sealSection', dealt, { ...ids, section: 's2' }, text);
      const capsules = [capsule, own.capsule];
      const context = { grant: 'g', deal: dealt.id, reader, purpose: 'TREAT', expiresAt: 100 };
      const boxed = ['patient@home', 'custodian@b'].map((leaf) =>
        boxFragments(used, dealt, leaf, shares.get(leaf)!, context, capsules),
      );
      const all = { deal: dealt, context, capsules, boxed };
      expect(await page.call('openSection', all, ids, sealed)).toBe(text);
      expect(await page.call('openSection', all, { ...ids, section: 's2' }, own.sealed)).toBe(text);
      const [first, second] = boxed as [(typeof boxed)[number], (typeof boxed)[number]];
      const refused: [Partial<typeof all>, string][] = [
        [{ boxed: [first] }, 'the formula is not met'],
        [{ boxed: [first, { ...second, box: flip(second.box, 60) }] }, 'the box does not open'],
        [{ context: { ...context, grant: 'another' } }, 'the box does not open'],
        [{ capsules: [{ ...capsule, E: own.capsule.E }, own.capsule] }, 'the box does not open'],
      ];
      for (const [change, why] of refused)
        await expect(page.call('openSection', { ...all, ...change }, ids, sealed)).rejects.toThrow(why);
    });

    it('an approval signed there verifies here', async () => {
      const publicKey = await page.call('makeStaff', name);
      const pending = { requestId: 'r', requestHash: hashReason({ suite: name }, {} as never), leaf: 'attending@a' };
      const { signature, leaf } = await page.call('approve', publicKey, {} as StaffCertificate, pending);
      const verify = (value: object) => verifyDocument(used, fromBase64url(publicKey), 'approval', 1, value, signature);
      expect(leaf).toBe(pending.leaf);
      expect(verify(pending)).toBe(true);
      expect(verify({ ...pending, leaf: 'privacy-officer@a' })).toBe(false);
    });

    it('an audit proof verifies, and no altered one', async () => {
      const hash = (...parts: Uint8Array[]) => used.hash(...parts);
      const keys = used.generateKeyPair();
      const rows = Array.from({ length: 7 }, (_, i) => ({
        entry: Buffer.from(JSON.stringify({ id: `e${i}`, action: 'ask.made' })),
        salt: used.randomBytes(32),
      }));
      const leaves = rows.map(({ salt, entry }) => saltedLeaf(hash, salt, entry));
      const head = { institution: 'harbor', size: 7, root: toBase64url(rootOf(hash, leaves)) };
      const proof: AuditProof = {
        entryId: 'e4',
        index: 4,
        entry: toBase64url(rows[4]!.entry),
        salt: toBase64url(rows[4]!.salt),
        checkpoint: { version: 1, ...head, signature: signDocument(used, keys.privateKey, 'checkpoint', 1, head) },
        proof: inclusionProof(hash, leaves, 4).map(toBase64url),
      };
      const trust = { suite: name, auditKey: toBase64url(keys.publicKey), institution: 'harbor' };
      expect(await page.call('verifyAuditProof', trust, proof)).toEqual({ id: 'e4', action: 'ask.made' });
      const altered = { ...proof, salt: flip(proof.salt) };
      await expect(page.call('verifyAuditProof', trust, altered)).rejects.toThrow('not under the checkpoint');
      const forged = { ...proof, checkpoint: { ...proof.checkpoint, size: 8 } };
      await expect(page.call('verifyAuditProof', trust, forged)).rejects.toThrow('not signed');
    });
  });
});
