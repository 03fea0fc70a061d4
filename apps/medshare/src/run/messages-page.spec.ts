import express from 'express';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { messagesPage } from './messages-page.js';

const app = express();
app.use(messagesPage('harbor'));
app.use((_, res) => void res.status(404).send('passed on'));
const server = app.listen(0, '127.0.0.1');
const get = (headers: Record<string, string>, path = '/messages') =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { headers });
beforeAll(async () => {
  if (!server.listening) await once(server, 'listening');
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

describe('the page of the message browser', () => {
  it('runs its own script and style only, which its policy names by their hashes', async () => {
    const answer = await get({ accept: 'text/html,*/*' });
    const [html, csp] = [await answer.text(), answer.headers.get('content-security-policy') ?? ''];
    expect(csp).toContain("default-src 'none'");
    expect(csp).not.toContain('unsafe');
    for (const tag of ['script', 'style']) {
      const [, inline = ''] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(html) ?? [];
      expect(inline.length).toBeGreaterThan(100);
      expect(csp).toContain(`${tag}-src 'sha256-${createHash('sha256').update(inline).digest('base64')}'`);
    }
    expect(html).not.toMatch(/ on[a-z]+=|innerHTML|<script [^>]*src/);
    expect(csp).toContain("connect-src 'self';");
    // no token is ever in the page's hands
    expect(html).not.toMatch(/authorization|access_token|sessionStorage|localStorage/i);
  });

  it('is for browsers: a program with a token is passed on, and so is any other path', async () => {
    const html = { accept: 'text/html' };
    expect((await get({ ...html, authorization: 'Bearer x' })).status).toBe(404);
    expect((await get({ accept: 'application/json' })).status).toBe(404);
    expect((await get(html, '/messages/feeds')).status).toBe(404);
  });
});
