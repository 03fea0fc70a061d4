import { createHash } from 'node:crypto';
import { canonical } from '@medshare/crypto';
import type { Anchor, Batch } from '@medshare/events/chain';
import fc from 'fast-check';
import { Cast, start, type Institution } from './cast.fixture.js';
import { keys } from './keys.js';
import { MemoryHost } from './memory-host.fixture.js';

const cast = new Cast();

/** RFC 9162 section 2.1.1, written apart from the library. */
function referenceRoot(leaves: readonly string[]): Buffer {
  const hash = (...parts: (Buffer | string)[]) =>
    parts.reduce((h, part) => h.update(part), createHash('sha256')).digest();
  if (leaves.length === 1) return hash(Buffer.from([0]), leaves[0]!);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return hash(Buffer.from([1]), referenceRoot(leaves.slice(0, split)), referenceRoot(leaves.slice(split)));
}

const begin = async () => {
  const host = new MemoryHost();
  await host.run('harbor', 'init', cast.region, 0);
  return host;
};
const submit = (host: MemoryHost, institution: Institution, anchors: Anchor[]) =>
  host.run(institution, 'anchor', { institution, anchors }, start);

describe('anchor', () => {
  it('writes each anchor under its institution and tag, and the batch under its root', async () => {
    const host = await begin();
    const anchors = ['a', 'b', 'c'].map((tag) => cast.anchor(tag));
    const root = referenceRoot(anchors.map((one) => canonical(one))).toString('base64url');
    expect(await submit(host, 'harbor', anchors)).toEqual({ root, size: 3, conflicts: [] });
    expect(host.read<Batch>(keys.batch('harbor', root))).toEqual({ version: 1, institution: 'harbor', root, size: 3 });
    expect(host.read(keys.anchor('harbor', anchors[1]!.tag))).toEqual(anchors[1]);
    expect(host.read(keys.anchor('lakeside', anchors[1]!.tag))).toBeUndefined();
  });

  it('refuses an institution that anchors for another, a batch beyond the limit, and a field too many', async () => {
    const host = await begin();
    const args = { institution: 'harbor', anchors: [cast.anchor('a')] };
    await expect(host.run('summit', 'anchor', args, start)).rejects.toMatchObject({ code: 'ledger.refused' });
    const many = { institution: 'harbor', anchors: Array.from({ length: 501 }, (_, i) => cast.anchor(`${i}`)) };
    await expect(host.run('harbor', 'anchor', many, start)).rejects.toMatchObject({ code: 'ledger.refused' });
    const named = { institution: 'harbor', anchors: [{ ...cast.anchor('a'), patient: 'x' }] };
    await expect(host.run('harbor', 'anchor', named, start)).rejects.toMatchObject({ code: 'ledger.refused' });
    expect([...host.entries.keys()]).toEqual([keys.region]);
  });

  it('keeps the first content of a tag for ever, records others as conflicts, and takes repetitions without a change', async () => {
    const drawn = fc.record({ tag: fc.nat(5), content: fc.nat(2) });
    const batches = fc.array(fc.array(drawn, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 });
    const law = fc.asyncProperty(batches, async (drawnBatches) => {
      const host = await begin();
      const first = new Map<string, string>();
      const refused = new Set<string>();
      for (const drawnBatch of drawnBatches) {
        const anchors = drawnBatch.map(({ tag, content }) => cast.anchor(`t${tag}`, `c${content}`));
        const standing = new Set<string>();
        for (const one of anchors) {
          if (!first.has(one.tag)) first.set(one.tag, canonical(one));
          if (first.get(one.tag) === canonical(one)) standing.add(canonical(one));
          else refused.add(canonical(one));
        }
        const response = await submit(host, 'harbor', anchors);
        expect(response).toMatchObject({ size: standing.size });
        if (standing.size > 0)
          expect(response).toMatchObject({ root: referenceRoot([...standing]).toString('base64url') });
        const before = host.dump();
        await submit(host, 'harbor', anchors);
        expect(host.dump()).toBe(before);
      }
      for (const [tag, text] of first) expect(canonical(host.read(keys.anchor('harbor', tag)))).toBe(text);
      expect([...host.entries.keys()].filter((key) => key.startsWith('conflict/'))).toHaveLength(refused.size);
    });
    await fc.assert(law, { numRuns: 50 });
  });
});
