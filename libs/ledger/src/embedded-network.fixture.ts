import { Cast, institutions, type Institution } from '@medshare/chaincode-region/cast.fixture';
import { freshDatabase, type FreshDatabase } from '@medshare/testkit';
import { problem } from '@medshare/problems';
import { blocksRoute, endorseRoute, orderRoute } from './embedded-routes.js';
import type { EmbeddedLedger, EmbeddedLedgerOptions, Member, MemberFinding, Transport } from './embedded.js';
import { openEmbeddedLedger } from './embedded.js';
import type { Ledger } from './ledger.port.js';

type Change = Partial<Omit<EmbeddedLedgerOptions, 'institution' | 'region' | 'url' | 'transport'>>;

/** The demo region's members in one process, each on a database of its own; messages pass through their wire shapes. */
export class EmbeddedNetwork {
  readonly findings: MemberFinding[] = [];
  readonly #open = new Map<Institution, EmbeddedLedger>();
  /** Institutions that nobody reaches. */
  readonly down = new Set<Institution>();
  /** Changes what members are answered when they pull blocks. */
  falsify: (texts: string[]) => string[] = (texts) => texts;

  constructor(
    readonly cast: Cast,
    readonly urls: Readonly<Record<Institution, string>>,
    readonly changes: Partial<Record<Institution, Change>> = {},
  ) {}

  async start(which: readonly Institution[] = institutions): Promise<this> {
    for (const institution of which) await this.open(institution);
    return this;
  }

  async open(institution: Institution): Promise<void> {
    const opened = await openEmbeddedLedger({
      institution,
      region: this.cast.region,
      privateKey: this.cast.keys.get(institution)!.ledger.privateKey,
      url: this.urls[institution],
      transport: this.#transport(),
      onFinding: (finding) => void this.findings.push(finding),
      ...this.changes[institution],
    });
    this.#open.set(institution, opened);
  }

  ledger(institution: Institution): Ledger {
    return this.#open.get(institution)!.ledger;
  }

  member(institution: string): Member {
    const id = institution as Institution;
    const opened = this.#open.get(id);
    if (opened === undefined || this.down.has(id)) throw problem('peer.unavailable', { where: institution });
    return opened.member;
  }

  async close(institution: Institution): Promise<void> {
    const opened = this.#open.get(institution);
    this.#open.delete(institution);
    await opened?.ledger.close();
  }

  async stop(): Promise<void> {
    for (const institution of [...institutions].reverse()) await this.close(institution);
  }

  #transport(): Transport {
    const wire = <T>(shape: { parse(value: unknown): T }, value: unknown): T =>
      shape.parse(JSON.parse(JSON.stringify(value)));
    return {
      endorse: async (to, proposal) =>
        wire(endorseRoute.response, await this.member(to).endorse(wire(endorseRoute.request, proposal))),
      order: async (transaction) => {
        const orderer = this.cast.region.members[0]!.id;
        return wire(orderRoute.response, await this.member(orderer).order(wire(orderRoute.request, transaction)));
      },
      blocks: async (to, request, signal) => {
        const { blocks } = await this.member(to).blocks(wire(blocksRoute.request, request), signal);
        return wire(blocksRoute.response, { blocks: this.falsify(blocks) });
      },
    };
  }
}

/** Three empty databases, one an institution. */
export async function freshDatabases(): Promise<{ urls: Record<Institution, string>; drop(): Promise<void> }> {
  const made: FreshDatabase[] = [];
  for (const _ of institutions) made.push(await freshDatabase());
  const [harbor, lakeside, summit] = made.map(({ url }) => url) as [string, string, string];
  return {
    urls: { harbor, lakeside, summit },
    async drop() {
      for (const one of made) await one.drop();
    },
  };
}
