import 'reflect-metadata';
import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { systemClock as clock, systemRandom as random } from '@medshare/clock';
import {
  confirmRevocation,
  describeLeaves,
  deliverLeaf,
  evaluateIndex,
  findAnchors,
  findDeals,
  findPatientDeals,
  releaseEmergency,
  releaseFragments,
} from '@medshare/events';
import { createAuthority, issueCertificate, Peers } from '@medshare/peers';
import { listenPeers, peerHandlerRoutes, ProblemFilter, separatePeers, type PeerListener } from '@medshare/peers/nest';
import { blind } from '@medshare/crypto/oprf';
import { TestRegion } from '../fixture/region.fixture.js';
import { VaultModule } from '../vault.module.js';
import { InstitutionController } from './institution.controller.js';
import { RegionController } from './region.controller.js';

describe('a vault on real sockets', () => {
  let test: TestRegion;
  let app: INestApplication;
  let listener: PeerListener;
  const peers = new Map<string, Peers>();

  beforeAll(async () => {
    test = await TestRegion.open();
    const authority = async (institution: string) => {
      const made = await createAuthority({ institution, validDays: 30, clock, random });
      return { ...made, node: await issueCertificate(made, { role: 'node', hosts: ['127.0.0.1'], validDays: 3 }) };
    };
    const [harbor, lakeside] = [await authority('harbor'), await authority('lakeside')];
    const authorities = new Map([
      ['harbor', harbor.ca],
      ['lakeside', lakeside.ca],
    ]);
    @Module({ imports: [VaultModule.register(test.at('harbor').context, { oprfShare: test.shares.get('harbor')! })] })
    class Institution {}
    app = await NestFactory.create(Institution, { bodyParser: false, logger: false });
    app.use(separatePeers());
    app.useGlobalFilters(new ProblemFilter(() => undefined));
    await app.init();
    listener = await listenPeers(app, {
      ...harbor.node,
      trustedAuthorities: authorities,
      clock,
      host: '127.0.0.1',
      port: 0,
    });
    const urls = new Map([['harbor', `https://127.0.0.1:${listener.port}`]]);
    for (const [self, { node }] of Object.entries({ harbor, lakeside }))
      peers.set(self, new Peers({ self, key: node.key, cert: node.cert, authorities, urls, timeoutMs: 5000, random }));
  }, 120_000);
  afterAll(async () => {
    await Promise.all([...peers.values()].map((each) => each.close()));
    await listener.close();
    await app.close();
    await test.close();
  });

  it('answers its routes and no others', () => {
    const routes = [RegionController, InstitutionController].flatMap((controller) => peerHandlerRoutes(controller));
    const expected = [
      deliverLeaf,
      evaluateIndex,
      releaseFragments,
      confirmRevocation,
      findAnchors,
      findDeals,
      describeLeaves,
      findPatientDeals,
      releaseEmergency,
    ];
    expect(routes.map(({ name }) => name).sort()).toEqual(expected.map(({ name }) => name).sort());
  });

  it('evaluates for a member, and counts whom the certificate names', async () => {
    const { blinded } = blind((n) => random.bytes(n), new Uint8Array(8));
    const body = { blinded, ground: 'search', reference: '11111111-1111-4111-8111-111111111111' } as const;
    expect(await peers.get('lakeside')!.call(evaluateIndex, 'harbor', body)).toMatchObject({ index: 1 });
    const { rows } = await test.at('harbor').context.database.query('SELECT caller, count FROM evaluation');
    expect(rows).toEqual([{ caller: 'lakeside', count: '1' }]);
    const wrong = { ...body, blinded: 'AAAA' };
    await expect(peers.get('lakeside')!.call(evaluateIndex, 'harbor', wrong)).rejects.toMatchObject({
      code: 'crypto.invalid',
    });
  });

  it('searches for its own institution only', async () => {
    await expect(peers.get('lakeside')!.call(findDeals, 'harbor', { tags: ['A'.repeat(43)] })).rejects.toMatchObject({
      code: 'auth.forbidden',
    });
    expect(await peers.get('harbor')!.call(findDeals, 'harbor', { tags: ['A'.repeat(43)] })).toEqual({ deals: [] });
  });

  it('streams ciphertext that it has to members', async () => {
    const bytes = random.bytes(60_000);
    const { cid } = await test.at('harbor').context.blobs.put(bytes);
    const read = async (id: string) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of peers.get('lakeside')!.stream('harbor', `/peer/vault/blobs/${id}`)) chunks.push(chunk);
      return new Uint8Array(Buffer.concat(chunks));
    };
    expect(await read(cid)).toEqual(bytes);
    const { cid: elsewhere } = await test.at('summit').context.blobs.put(random.bytes(10));
    await expect(read(elsewhere)).rejects.toMatchObject({ code: 'blob.missing' });
    await expect(read('not-a-cid')).rejects.toMatchObject({ code: 'request.invalid' });
  });
});
