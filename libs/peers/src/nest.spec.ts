import 'reflect-metadata';
import { request as httpsRequest } from 'node:https';
import { Body, Controller, Get, Module, Post, Req, StreamableFile, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Request } from 'express';
import { z } from 'zod';
import { systemClock as clock, systemRandom as random } from '@medshare/clock';
import { definePeerRoute, type PeerRoute } from '@medshare/events/route';
import { problem, type Problem } from '@medshare/problems';
import { createAuthority, issueCertificate } from './authority.js';
import {
  Caller,
  listenPeers,
  peerHandlerRoutes,
  PeerHandler,
  PeersOnly,
  ProblemFilter,
  separatePeers,
  type PeerListener,
} from './nest.js';
import type { Peer } from './peer.js';
import { Peers } from './peers.js';

const shape = {
  idempotent: true,
  request: z.strictObject({ n: z.int(), pad: z.string().optional() }),
  response: z.strictObject({ n: z.int(), by: z.string() }),
};
const add = definePeerRoute({ ...shape, name: 't.add', path: '/peer/t/add', audience: 'region', maxBytes: 200_000 });
const own = definePeerRoute({
  ...shape,
  name: 't.own',
  path: '/internal/t/own',
  audience: 'institution',
  maxBytes: 200,
});
const throwing = definePeerRoute({
  ...shape,
  name: 't.throw',
  path: '/peer/t/throw',
  audience: 'region',
  maxBytes: 200,
});
const lying = definePeerRoute({ ...shape, name: 't.lie', path: '/peer/t/lie', audience: 'region', maxBytes: 200 });
type In = z.infer<typeof shape.request>;

@Controller()
class Sums {
  @PeerHandler(add)
  add(@Body() { n }: In, @Caller() by: Peer) {
    return { n: n + 1, by: `${by.role}@${by.institution}` };
  }
  @PeerHandler(own)
  own(@Body() { n }: In) {
    return { n, by: 'own' };
  }
  @PeerHandler(throwing)
  throws(@Body() { n }: In): never {
    if (n === 0) throw new Error('Mei Lin is ill');
    throw problem('access.out-of-scope', { where: 'ask.period', detail: 'too long' });
  }
  @PeerHandler(lying)
  lies() {
    return { n: 'Mei Lin', by: 1 };
  }
  @Get('/peer/t/stream')
  @PeersOnly('region')
  stream(@Caller() { institution }: Peer) {
    return new StreamableFile(Buffer.from(institution));
  }
}

@Controller()
class Public {
  @Get('/hello')
  hello() {
    return 'hello';
  }
  @Get('/fhir/Patient/1')
  fhir(): never {
    throw problem('record.not-found', { where: 'Patient.id' });
  }
  @Post('/echo')
  echo(@Req() req: Request) {
    return req.body as unknown;
  }
}

@Module({ controllers: [Sums, Public] })
class Both {}

describe.each([{ bodyParser: false }, { bodyParser: true }])(
  'one application, two listeners (%j)',
  ({ bodyParser }) => {
    let app: INestApplication, listener: PeerListener, base: string;
    let harbor: Peers, lakeside: Peers;
    let raw: { key: string; cert: string };
    const seen: Problem[] = [];

    beforeAll(async () => {
      const [h, l] = await Promise.all(
        ['harbor', 'lakeside'].map((institution) => createAuthority({ institution, validDays: 1, clock, random })),
      );
      const authorities = new Map([h!, l!].map(({ institution, ca }) => [institution, ca]));
      app = await NestFactory.create(Both, { bodyParser, logger: false });
      app.use(separatePeers());
      app.useGlobalFilters(new ProblemFilter((found) => seen.push(found)));
      await app.listen(0, '127.0.0.1');
      base = (await app.getUrl()).replace('[::1]', '127.0.0.1');
      const { key, cert } = await issueCertificate(h!, { role: 'node', hosts: [], validDays: 1 });
      listener = await listenPeers(app, {
        key,
        cert,
        trustedAuthorities: authorities,
        clock,
        host: '127.0.0.1',
        port: 0,
      });
      const clientOf = async (authority: typeof h) => {
        const mine = await issueCertificate(authority!, { role: 'vault', hosts: [], validDays: 1 });
        const urls = new Map([['harbor', `https://127.0.0.1:${listener.port}`]]);
        return new Peers({ self: authority!.institution, ...mine, authorities, urls, timeoutMs: 3000, random });
      };
      raw = await issueCertificate(l!, { role: 'vault', hosts: [], validDays: 1 });
      [harbor, lakeside] = await Promise.all([clientOf(h), clientOf(l)]);
    });
    afterAll(async () => {
      await Promise.all([harbor, lakeside].map((peers) => peers.close()));
      await Promise.all([listener.close(), app.close()]);
    });

    /** As a caller whose schema is laxer than the callee's. */
    const unchecked = (route: typeof add, body: unknown, from = lakeside, maxBytes = 10_000_000) =>
      from.call(
        { ...route, request: z.unknown(), maxBytes } as PeerRoute<unknown, z.infer<typeof shape.response>>,
        'harbor',
        body,
      );

    it('answers members', async () => {
      await expect(lakeside.call(add, 'harbor', { n: 1 })).resolves.toEqual({ n: 2, by: 'vault@lakeside' });
    });

    it('answers internal routes to own roles only', async () => {
      await expect(harbor.call(own, 'harbor', { n: 1 })).resolves.toEqual({ n: 1, by: 'own' });
      await expect(lakeside.call(own, 'harbor', { n: 1 })).rejects.toMatchObject({
        code: 'auth.forbidden',
        institution: 'harbor',
      });
    });

    it('hands a problem round trip', async () => {
      await expect(lakeside.call(throwing, 'harbor', { n: 1 })).rejects.toMatchObject({
        code: 'access.out-of-scope',
        where: 'ask.period',
        detail: 'too long',
        institution: 'harbor',
        status: 403,
      });
    });

    it('keeps foreign errors and wrong answers inside', async () => {
      for (const [route, n] of [
        [throwing, 0],
        [lying, 1],
      ] as const) {
        const failure = await lakeside.call(route, 'harbor', { n }).catch((caught: unknown) => caught);
        expect(failure).toMatchObject({ code: 'internal', detail: undefined, where: undefined });
        expect(String(failure)).not.toContain('Mei');
      }
      expect(seen.at(-2)!.cause).toMatchObject({ message: 'Mei Lin is ill' });
    });

    it('names the place of a malformed request', async () => {
      await expect(unchecked(add, { n: 'x' })).rejects.toMatchObject({ code: 'request.malformed', where: 'body.n' });
      await expect(unchecked(add, { n: 1, more: 1 })).rejects.toMatchObject({
        code: 'request.malformed',
        where: 'body',
      });
      await expect(unchecked(add, [])).rejects.toMatchObject({ code: 'request.malformed' });
    });

    it('refuses a body over the bound of the route', async () => {
      await expect(unchecked(own, { n: 1, pad: 'x'.repeat(300) }, harbor)).rejects.toMatchObject({
        code: 'request.too-large',
      });
      await expect(unchecked(own, { n: 1, pad: 'x'.repeat(5_000_000) }, harbor)).rejects.toMatchObject({
        code: expect.stringMatching(/request.too-large|peer.unavailable/) as string,
      });
      if (!bodyParser)
        await expect(lakeside.call(add, 'harbor', { n: 1, pad: 'x'.repeat(150_000) })).resolves.toMatchObject({ n: 2 });
    });

    /** A member whose client is not ours. */
    const send = (path: string, body: string | Buffer, headers: Record<string, string>) =>
      new Promise<string>((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          port: listener.port,
          path,
          method: 'POST',
          headers,
          ...raw,
          rejectUnauthorized: false,
        };
        const request = httpsRequest(options, (answer) => {
          let text = '';
          answer
            .on('data', (piece) => (text += String(piece)))
            .on('end', () => resolve(`${answer.statusCode} ${text}`));
        });
        request.on('error', reject).end(body);
      });

    it.each<[string, string | Buffer, Record<string, string>, RegExp]>([
      ['no JSON', '{"n":', {}, /^400 .*request.malformed/],
      ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), {}, /^400 .*request.malformed/],
      ['another type', 'n=1', { 'content-type': 'application/x-www-form-urlencoded' }, /^415 .*unsupported-media-type/],
      ['a compressed body', '{"n":1}', { 'content-encoding': 'gzip' }, /^4(15|00) /],
      [
        'a body of no announced length',
        JSON.stringify({ n: 1, pad: 'x'.repeat(300) }),
        { 'transfer-encoding': 'chunked' },
        /^413 .*request.too-large/,
      ],
    ])('refuses %s', async (_, body, headers, expected) => {
      const answer = await send(throwing.path, body, { 'content-type': 'application/json', ...headers });
      if (!bodyParser || /^4(00|15)/.test(answer)) expect(answer).toMatch(expected);
      expect(answer).not.toMatch(/Unexpected|at .*\.js/);
    });

    it('streams to members', async () => {
      let text = '';
      for await (const piece of lakeside.stream('harbor', '/peer/t/stream')) text += Buffer.from(piece).toString();
      expect(text).toBe('lakeside');
    });

    it('keeps peer routes off the public listener, and public ones off the peer listener', async () => {
      for (const { path } of [
        ...peerHandlerRoutes(Sums),
        { path: '/Internal/t/own' },
        { path: '/peer' },
        { path: '/internal//t/own' },
      ]) {
        const answer = await fetch(base + path, {
          method: 'POST',
          body: '{"n":1}',
          headers: { 'content-type': 'application/json', 'x-peer': 'harbor' },
        });
        expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
          path,
          404,
          'application/problem+json; charset=utf-8',
        ]);
      }
      expect(peerHandlerRoutes(Sums)).toHaveLength(4);
      expect(await (await fetch(`${base}/hello`)).text()).toBe('hello');
      await expect(unchecked({ ...add, path: '/echo' }, {})).rejects.toMatchObject({ code: 'request.not-found' });
    });

    it('renders problems for FHIR callers as an OperationOutcome', async () => {
      const byPath = await fetch(`${base}/fhir/Patient/1`);
      expect(byPath.headers.get('content-type')).toMatch(/^application\/fhir\+json/);
      expect(await byPath.json()).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code: 'not-found' }] });
      const byAccept = await fetch(`${base}/nowhere`, { headers: { accept: 'application/fhir+json' } });
      expect(await byAccept.json()).toMatchObject({ resourceType: 'OperationOutcome' });
      const plain = await fetch(`${base}/nowhere`);
      expect([plain.status, await plain.json()]).toMatchObject([404, { code: 'request.not-found' }]);
    });
  },
);

describe('without separatePeers', () => {
  it('a peer handler still is not there on a public listener', async () => {
    const app = await NestFactory.create(Both, { logger: false });
    app.useGlobalFilters(new ProblemFilter());
    await app.listen(0, '127.0.0.1');
    const answer = await fetch((await app.getUrl()) + add.path, {
      method: 'POST',
      body: '{"n":1}',
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(404);
    await app.close();
  });
});
