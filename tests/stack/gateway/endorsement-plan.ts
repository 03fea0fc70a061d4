import type { peer } from '@hyperledger/fabric-protos';
import type { Answered } from './ask-peer.js';
import type { Detail } from './gateway-error.js';
import type { Descriptor, Member } from './discover.js';

interface Endorsed {
  readonly payload: Uint8Array;
  readonly endorsements: readonly peer.Endorsement[];
}

type Ask = (member: Member) => Promise<Answered>;

/**
 * Collects endorsements until one layout of a descriptor is satisfied. Layouts are tried in their order; in a group those with the most blocks first, and
 * the next one when one fails. Every endorsement must be of the same result as the first.
 */
export class EndorsementPlan {
  readonly details: Detail[] = [];
  readonly #descriptor: Descriptor;
  readonly #ask: Ask;
  readonly #endorsed = new Map<string, peer.Endorsement>();
  readonly #failed = new Set<string>();
  #payload: Uint8Array | undefined;

  constructor(descriptor: Descriptor, ask: Ask) {
    this.#descriptor = descriptor;
    this.#ask = ask;
  }

  /** Takes an endorsement, of the first peer asked or of a later one. @returns whether it counts */
  take({ node }: Member, response: peer.ProposalResponse): boolean {
    const [payload, endorsement] = [response.getPayload_asU8(), response.getEndorsement()];
    if (!endorsement) return this.#refuse(node, 'the peer endorses nothing');
    this.#payload ??= payload;
    if (!Buffer.from(this.#payload).equals(payload)) return this.#refuse(node, 'ProposalResponsePayloads do not match');
    this.#endorsed.set(node.address, endorsement);
    return true;
  }

  /** @returns undefined when no layout can be satisfied; `details` then say why */
  async collect(): Promise<Endorsed | undefined> {
    for (const layout of this.#descriptor.layouts) {
      const endorsers = await this.#satisfy(layout);
      if (endorsers && this.#payload)
        return {
          payload: this.#payload,
          endorsements: endorsers.flatMap((address) => this.#endorsed.get(address) ?? []),
        };
    }
    return undefined;
  }

  /** @returns addresses of those who endorsed */
  async #satisfy(layout: ReadonlyMap<string, number>): Promise<string[] | undefined> {
    const used = new Set<string>();
    const groups = [...layout].map(([group, quantity]) => {
      const members = this.#descriptor.groups.get(group) ?? [];
      // those who have endorsed already count first
      const ordered = [...members].sort((a, b) => this.#rank(a) - this.#rank(b));
      return Array.from({ length: quantity }, () => ordered);
    });
    const filled = await Promise.all(groups.flat().map((members) => this.#fill(members, used)));
    return filled.every(Boolean) ? [...used] : undefined;
  }

  #rank({ node }: Member): number {
    return this.#endorsed.has(node.address) ? 0 : 1;
  }

  /** Fills one place of a layout. @param used members that fill another */
  async #fill(members: readonly Member[], used: Set<string>): Promise<boolean> {
    for (const member of members) {
      const { address } = member.node;
      if (used.has(address) || this.#failed.has(address)) continue;
      used.add(address);
      if (this.#endorsed.has(address) || (await this.#endorse(member))) return true;
      used.delete(address);
    }
    return false;
  }

  async #endorse(member: Member): Promise<boolean> {
    const answered = await this.#ask(member);
    return 'response' in answered ? this.take(member, answered.response) : this.#refuse(member.node, answered.message);
  }

  #refuse({ address, mspId }: Member['node'], message: string): false {
    this.#failed.add(address);
    this.details.push({ address, mspId, message });
    return false;
  }
}

/** Layouts with a group of the first endorser come first; the others in any order. */
export function preferring({ groups, layouts }: Descriptor, first: Member): Descriptor {
  const has = (layout: ReadonlyMap<string, number>) =>
    [...layout.keys()].some((group) => groups.get(group)?.some(({ node }) => node === first.node));
  return { groups, layouts: [...layouts.filter(has), ...layouts.filter((layout) => !has(layout))] };
}
