import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openIpfsFiles } from '@medshare/blobs/ipfs-files.driver';
import { fromBase64url, toBase64url, unframe, type BoxedFragments } from '@medshare/crypto';
import type { StaffCertificate } from '@medshare/events';
import { audited, post, startDemo, until, type Demo } from '../harness/demo.js';
import { HandReader, regionOf } from '../harness/hand-reader.js';
import { admission, hivTest, identifierOf, patient, sodium } from '../harness/messages.js';
import type { Page } from 'playwright-core';
import { openBrowser, openPage, type Browser } from './chromium.js';

const mei = patient(41);
const sensitive = 'sensitive:hiv';

/** The page is offline: what it makes and opens is carried to the running institutions and back; its private keys never are. */
describe('with running institutions, the browser', () => {
  let demo: Demo;
  let page: Browser;
  let reader: HandReader;

  beforeAll(async () => {
    demo = await startDemo();
    page = await openBrowser();
    await demo.send('harbor', admission(mei), sodium(mei), hivTest(mei));
    await until('anchored', async () => (await audited(demo, 'harbor', 'record.anchored')) >= 3, 60_000);
    reader = await HandReader.of(demo, 'dr.chen', 'lakeside');
  }, 180_000);

  afterAll(async () => {
    await reader?.close();
    await page?.close();
    await demo?.stop();
    await demo?.remove();
  }, 60_000);

  it('opens sections that the server sealed, with a reading key of its own', async () => {
    const publicKey = fromBase64url(await page.call('makeReader', reader.region.suite));
    const wish = { identifier: identifierOf(mei), owner: 'harbor', class: 'ordinary' };
    const asked = await until('shareable', async () => {
      const one = await reader.ask(wish, { publicKey, privateKey: new Uint8Array(0) });
      return one.proposals.some((proposal) => proposal.class === wish.class) && one;
    });
    const request = await reader.requested(asked);
    const leaves = ['custodian@harbor', 'custodian@summit'];
    const views = await reader.granted(request.id, leaves);
    const released = await Promise.all(leaves.map((leaf) => reader.release(reader.body(asked, request, leaf, views))));
    const boxed = released.map((one) => JSON.parse(Buffer.from(one.boxed, 'base64url').toString()) as BoxedFragments);
    const { deal } = reader.proposal(asked);
    const { readerKey, purpose } = asked.ask;
    const context = { grant: request.id, deal: deal.id, reader: readerKey, purpose, expiresAt: request.expiresAt };
    const capsules = reader.capsules(asked).map(({ section }) => section.capsule!);
    const blobs = await openIpfsFiles({ path: join(demo.data, 'harbor', 'blobs') });
    const all = { deal, context, capsules, boxed };
    const texts: string[] = [];
    for (const { manifest } of asked.records)
      for (const { section, epoch, cid, capsule } of manifest.sections) {
        if (capsule?.deal !== deal.id) continue;
        const chunks: Uint8Array[] = [];
        for await (const chunk of blobs.get(cid)) chunks.push(chunk);
        const about = { use: 'section', record: manifest.record, section, epoch };
        const sealed = toBase64url(Buffer.concat(chunks));
        const opened = fromBase64url(await page.call('openSection', all, about, sealed));
        texts.push(Buffer.from(unframe(opened)[2] ?? []).toString());
        const short = { ...all, boxed: boxed.slice(1) };
        await expect(page.call('openSection', short, about, sealed)).rejects.toThrow('not met');
        const another = { ...about, epoch: epoch + 1 };
        await expect(page.call('openSection', all, another, sealed)).rejects.toThrow('authentication failed');
      }
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.every((text) => text.includes('"resourceType"'))).toBe(true);
    expect(texts.join('')).toContain('2951-2');
  }, 90_000);

  it('approves a waiting request with a staff key of its own, and not by an altered signature', async () => {
    const doctor = demo.as('dr.chen', 'lakeside');
    const about = { identifier: identifierOf(mei), purpose: 'TREAT', relation: 'treating' as const, days: 7 };
    const asked = await until('shareable', async () => {
      const one = await doctor.ask(about);
      return one.requests.some((request) => request.class === sensitive) && one;
    });
    const { requestId } = asked.requests.find((request) => request.class === sensitive)!;
    for (const username of ['officer.li', 'dr.wu']) {
      const pending = await until(`${username} sees it`, async () =>
        (await demo.as(username, 'harbor').approvals()).find((one) => one.requestId === requestId),
      );
      const key = await page.call('makeStaff', reader.region.suite);
      const wanted = await page.call('certificateRequest', key, Date.now());
      const answer = await post(demo, 'harbor', username, '/access/certificates', wanted);
      const { certificate } = answer as unknown as { certificate: StaffCertificate };
      expect(certificate.publicKey).toBe(key);
      const body = await page.call('approve', key, certificate, pending);
      const send = (sent: object) => post(demo, 'harbor', username, `/access/approvals/${requestId}`, sent);
      const signature = body.signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
      expect((await send({ ...body, signature })).status).toBeGreaterThanOrEqual(400);
      expect(await send(body)).toMatchObject({ requestId, granted: username === 'dr.wu' });
    }
    await until('granted', async () =>
      (await doctor.asked(asked.askId)).requests.some((one) => one.requestId === requestId && one.state === 'granted'),
    );
  }, 90_000);

  it('verifies audit proofs of every institution', async () => {
    const { suite, members } = await regionOf(demo.data);
    for (const { id: institution, keys } of members) {
      const regulator = demo.as('regulator', institution);
      const found = (await regulator.auditEvents({ _count: '1' })) as { entry: { resource: { id: string } }[] };
      const entryId = found.entry[0]!.resource.id;
      const proof = await regulator.auditProof(entryId);
      const trust = { suite, auditKey: keys.audit, institution };
      expect(await page.call('verifyAuditProof', trust, proof)).toMatchObject({ id: entryId });
      const moved = { ...proof, index: proof.index === 0 ? 1 : proof.index - 1 };
      await expect(page.call('verifyAuditProof', trust, moved)).rejects.toThrow('not under the checkpoint');
    }
  }, 60_000);

  it('lets a person sign in at the page of messages, see them, and sign out; scripts there never see a token', async () => {
    const { page: shown, close } = await openPage();
    const wrong: string[] = [];
    shown.on('pageerror', ({ message }) => wrong.push(message));
    try {
      await signIn(shown, demo, 'it.sun');
      // content is not for whoever sees what came
      expect(await shown.locator('button:has-text("Content")').count()).toBe(0);
      expect(await shown.textContent('#who')).toBe('it.sun at harbor');
      expect(await shown.locator('#messages tr').count()).toBeGreaterThanOrEqual(3);
      expect(
        await shown.evaluate('document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)'),
      ).toBe('{}{}');
      const left = shown.waitForEvent('framenavigated');
      await shown.click('#signout');
      await left;
      await shown.waitForLoadState();
      await shown.goto(`${demo.institutions['harbor']!.httpUrl}/messages`);
      await shown.waitForSelector('#in:not([hidden])');
      expect(await shown.isVisible('#work')).toBe(false);
      expect(wrong).toEqual([]);
    } finally {
      await close();
    }
  }, 90_000);

  it('shows a message to who may read content, who says why, and audits that', async () => {
    const { page: shown, close } = await openPage();
    try {
      const before = await audited(demo, 'harbor', 'message.content-read');
      await signIn(shown, demo, 'it.zhou');
      await shown.locator('button:has-text("Content")').first().click();
      await shown.fill('#reason', 'a segment that does not parse');
      await shown.click('#yes');
      await shown.waitForSelector('#content[open]');
      expect(await shown.textContent('#bytes')).toMatch(/^MSH\|[^\n]+\n/);
      await shown.click('#content button');
      // the page forgets it, a moment after the dialog is gone
      await shown.waitForSelector('#bytes:empty', { state: 'attached' });
      await until('audited', async () => (await audited(demo, 'harbor', 'message.content-read')) > before);
      // whoever leaves the next question by Escape has not said yes, though they did before
      const looks: string[] = [];
      shown.on('request', (one) => looks.push(...(one.url().endsWith('/content') ? [one.url()] : [])));
      await shown.locator('button:has-text("Content")').first().click();
      await shown.fill('#reason', 'changed my mind');
      await shown.keyboard.press('Escape');
      await shown.waitForSelector('#ask', { state: 'hidden' });
      // its end is told to the page a moment later
      await shown.waitForTimeout(500);
      expect(looks).toEqual([]);
    } finally {
      await close();
    }
  }, 90_000);
});

async function signIn(shown: Page, demo: Demo, username: string): Promise<void> {
  const { passwords } = JSON.parse(await readFile(join(demo.data, 'demo-secrets.json'), 'utf8')) as {
    passwords: Record<string, Record<string, string>>;
  };
  await shown.goto(`${demo.institutions['harbor']!.httpUrl}/messages`);
  await shown.click('text=Sign in');
  await shown.fill('#username', username);
  await shown.fill('#password', passwords['harbor']![username]!);
  await shown.click('button[type=submit]');
  await shown.waitForSelector('#messages tr');
}
