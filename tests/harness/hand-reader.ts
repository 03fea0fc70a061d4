import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MedshareClient, generateStaffKey, signAsk, type StaffKey } from '@medshare/client';
import {
  canonical,
  documentHash,
  suite,
  toBase64url,
  unboxFragments,
  type Fragments,
  type Suite,
} from '@medshare/crypto';
import { systemRandom } from '@medshare/clock';
import {
  countersignAsk,
  decideAsk,
  findAnchors,
  noticeRequest,
  region as regionShape,
  releaseFragments,
  signRequestView,
  submitTransaction,
  type AnchoredCapsule,
  type Ask,
  type DecisionReceipt,
  type Region,
  type Request,
  type SealedSection,
  type StaffCertificate,
  type View,
} from '@medshare/events';
import { openFileKeys } from '@medshare/keys/file.driver';
import { Peers } from '@medshare/peers';
import { inclusionProof, leafHash } from '@medshare/proofs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { until, type Demo } from './demo.js';

// A whole institution in a test's hand: its TLS credentials, its keys, and a reader that says whatever the test wants.

export type Notice = z.infer<typeof noticeRequest.request>;
export type Release = z.infer<typeof releaseFragments.request>;
export type Released = z.infer<typeof releaseFragments.response>;
type Found = z.infer<typeof findAnchors.response>['records'];
type Proposal = z.infer<typeof decideAsk.response>['proposals'][number];

/** A client of the peers' routes with an institution's own credentials. */
export async function peersOf(demo: Demo, institution: string): Promise<Peers> {
  const folder = join(demo.data, institution);
  const text = (path: string) => readFile(join(folder, path), 'utf8');
  const { peers } = parse(await text('config.yaml')) as {
    peers: { urls: Record<string, string>; authorities: Record<string, string> };
  };
  const authorities = await Promise.all(
    Object.entries(peers.authorities).map(async ([id, path]) => [id, await text(path)] as const),
  );
  return new Peers({
    self: institution,
    key: await text('tls/node-key.pem'),
    cert: await text('tls/node.pem'),
    authorities: new Map(authorities),
    urls: new Map(Object.entries(peers.urls)),
    timeoutMs: 10_000,
    random: systemRandom,
  });
}

/** One of an institution's secrets, unwrapped with its key-encryption key. */
export async function secretOf(data: string, institution: string, name: string): Promise<Uint8Array> {
  const keys = await openFileKeys({ path: join(data, institution, 'keys', 'key-encryption-key') });
  return keys.unwrap(await readFile(join(data, institution, 'keys', `${name}.wrapped`)), `secret/${name}`);
}

export const regionOf = async (data: string): Promise<Region> =>
  regionShape.parse(JSON.parse(await readFile(join(data, 'harbor', 'region.json'), 'utf8')));

export interface Wish {
  identifier: { system: string; value: string };
  owner: string;
  class: string;
  purpose?: string;
  relation?: 'treating' | 'none';
  /** ms */
  lasts?: number;
}

/** A signed ask, what the owner decided, and everything that the reader then holds. */
export interface Asked {
  wish: Wish;
  ask: Ask;
  signature: string;
  readerKey: Uint8Array;
  records: Found;
  receipts: DecisionReceipt[];
  proposals: Proposal[];
}

export class HandReader {
  private constructor(
    readonly institution: string,
    readonly region: Region,
    readonly peers: Peers,
    readonly key: StaffKey,
    readonly certificate: StaffCertificate,
  ) {}

  static async of(demo: Demo, username: string, institution: string): Promise<HandReader> {
    const key = generateStaffKey('intl');
    const baseUrl = demo.institutions[institution]!.httpUrl;
    const client = new MedshareClient({ baseUrl, token: () => demo.token(username, institution), key });
    const [region, peers, certificate] = await Promise.all([
      regionOf(demo.data),
      peersOf(demo, institution),
      client.certificate(),
    ]);
    return new HandReader(institution, region, peers, key, certificate);
  }

  get suite(): Suite {
    return suite(this.region.suite);
  }

  /** Everything before the chain. @param pair of the reading key; whoever keeps its private half elsewhere gives none here */
  async ask(wish: Wish, pair = this.suite.generateKeyPair()): Promise<Asked> {
    const { owner, identifier, purpose = 'TREAT', relation = 'treating', lasts = 3_600_000 } = wish;
    const { peers, institution, certificate } = this;
    const ask: Ask = {
      version: 1,
      askId: systemRandom.uuid(),
      institution,
      readerKey: toBase64url(pair.publicKey),
      purpose,
      expiresAt: Date.now() + lasts,
      nonce: nonce(),
    };
    const signature = signAsk(this.key, ask);
    const { records: all } = await peers.call(findAnchors, institution, { identifier, reference: ask.askId, purpose });
    const records = all.filter((record) => record.institution === owner);
    const signed = { ask, certificate, signature, relation, tags: records.map(({ anchor }) => anchor.tag) };
    const { envelope } = await peers.call(countersignAsk, institution, signed);
    const { receipts, proposals } = await peers.call(decideAsk, owner, { ...signed, envelope });
    return { wish, ask, signature, readerKey: pair.privateKey, records, receipts, proposals };
  }

  proposal({ proposals, wish }: Asked): Proposal {
    const found = proposals.find((one) => one.class === wish.class);
    if (!found) throw new Error(`no proposal of ${wish.class}`);
    return found;
  }

  /** The request as an honest reader would make it, but for `changes`; its id follows. */
  request(asked: Asked, changes: Partial<Request> = {}): Request {
    const { dealCommitment, deal, expiresAt } = this.proposal(asked);
    const { ask, signature: askSignature, wish } = asked;
    const permit = asked.receipts.find(({ id }) => id === this.proposal(asked).receiptId);
    const request: Omit<Request, 'id'> = {
      version: 1,
      institution: wish.owner,
      requester: { institution: this.institution, certificate: this.certificate },
      ask,
      askSignature,
      dealCommitment,
      formula: deal.formula as Request['formula'],
      ...(permit?.approval === 'required' ? { approval: permit.approval } : {}),
      issuedAt: Date.now(),
      expiresAt,
      ...changes,
    };
    const named = { askId: request.ask.askId, dealCommitment: request.dealCommitment };
    return { id: documentHash(this.suite, 'request-id', 1, named), ...request };
  }

  submit(name: 'request' | 'approve' | 'revoke', args: object) {
    return this.peers.call(submitTransaction, this.institution, { function: name, args: args as never });
  }

  notice(asked: Asked, request: Request, changes: Partial<Notice> = {}): Notice {
    const { deal, salt, receiptId } = this.proposal(asked);
    const receipt = asked.receipts.find(({ id }) => id === receiptId)!;
    return { requestId: request.id, dealId: deal.id, salt, relation: 'treating', receipt, ...changes };
  }

  /** Shows a holder the deal; again while its copy of the chain is behind. */
  async tell(holder: string, notice: Notice): Promise<string[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await this.peers.call(noticeRequest, holder, notice)).leaves;
      } catch (caught) {
        if ((caught as { code?: string }).code !== 'ledger.unavailable' || attempt > 50) throw caught;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Members' views; again while a block is on its way and they differ, as an honest reader does. */
  async views(requestId: string, from = ['harbor', 'lakeside', 'summit']): Promise<View[]> {
    for (let attempt = 1; ; attempt += 1) {
      const wanted = { requestId, nonce: nonce() };
      const views = await Promise.all(
        from.map(async (id) => (await this.peers.call(signRequestView, id, wanted)).view),
      );
      if (attempt >= 20 || new Set(views.map(({ state }) => canonical(state))).size === 1) return views;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Views that show a complete grant of at least these leaves, at all members. */
  granted(requestId: string, leaves: readonly string[] = []): Promise<View[]> {
    return until('the grant is complete', async () => {
      const views = await this.views(requestId);
      const shown = views.every(
        ({ state }) => leaves.every((leaf) => state.grant?.leaves.includes(leaf)) && state.grant,
      );
      return shown && new Set(views.map(({ state }) => canonical(state))).size === 1 && views;
    });
  }

  /** Anchored capsules of the wish's class, with their inclusion proofs. */
  capsules(asked: Asked, dealId = this.proposal(asked).deal.id): AnchoredCapsule[] {
    return asked.records.flatMap((record) =>
      record.manifest.sections
        .filter(({ capsule }) => capsule?.deal === dealId)
        .map((section) => prove(record, section)),
    );
  }

  body(asked: Asked, request: Request, leaf: string, views: View[]): Release {
    const { deal, salt } = this.proposal(asked);
    return { requestId: request.id, leaf, dealId: deal.id, salt, views, capsules: this.capsules(asked) };
  }

  release(body: Release, holder = body.leaf.slice(body.leaf.indexOf('@') + 1)): Promise<Released> {
    return this.peers.call(releaseFragments, holder, body);
  }

  unbox(
    asked: Asked,
    request: Request,
    released: Released,
    changes: { readerKey?: Uint8Array; purpose?: string } = {},
  ): Fragments {
    const { deal } = this.proposal(asked);
    const context = {
      grant: request.id,
      deal: deal.id,
      reader: asked.ask.readerKey,
      purpose: changes.purpose ?? asked.ask.purpose,
      expiresAt: request.expiresAt,
    };
    const bare = this.capsules(asked).flatMap(({ section }) => (section.capsule ? [section.capsule] : []));
    const boxed = JSON.parse(Buffer.from(released.boxed, 'base64url').toString()) as never;
    return unboxFragments(this.suite, deal, changes.readerKey ?? asked.readerKey, context, bare, boxed);
  }

  /** An honest request, on the chain and shown to all holders. */
  async requested(asked: Asked): Promise<Request> {
    const request = this.request(asked);
    await this.submit('request', request);
    const notice = this.notice(asked, request);
    await Promise.all(this.region.members.map(({ id }) => this.tell(id, notice)));
    return request;
  }

  close(): Promise<void> {
    return this.peers.close();
  }
}

export const nonce = (): string => toBase64url(systemRandom.bytes(16));

function prove({ institution, anchor, manifest }: Found[number], section: SealedSection): AnchoredCapsule {
  const used = suite(manifest.suite);
  const hash = (...parts: Uint8Array[]) => used.hash(...parts);
  const leaves = manifest.sections.map((one) => leafHash(hash, new TextEncoder().encode(canonical(one as never))));
  const index = manifest.sections.indexOf(section);
  return {
    anchor,
    institution,
    section,
    index,
    size: leaves.length,
    proof: inclusionProof(hash, leaves, index).map(toBase64url),
  };
}
