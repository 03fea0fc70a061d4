import { Metadata, status as codes } from '@grpc/grpc-js';
import { discovery, gossip, msp, peer } from '@hyperledger/fabric-protos';
import { GatewayError } from './gateway-error.js';
import { Nodes, OrdererNode, PeerNode, type NodeAddress } from './nodes.js';
import type { OwnIdentity } from './own-identity.js';
import { ownDiscovery } from './own-messages.js';

/** A peer in a channel, as its own peer's gossip knows it. */
export interface Member {
  readonly node: PeerNode;
  /** blocks it has */
  readonly height: number;
  readonly chaincodes: ReadonlySet<string>;
}

/** Who must endorse: alternatives, each so many of each group. */
export interface Descriptor {
  readonly groups: ReadonlyMap<string, readonly Member[]>;
  readonly layouts: readonly ReadonlyMap<string, number>[];
}

interface ChannelConfig {
  /** mspId → its authorities, PEM texts */
  readonly authorities: ReadonlyMap<string, readonly string[]>;
  readonly tlsAuthorities: ReadonlyMap<string, string>;
  readonly orderers: readonly NodeAddress[];
}

/** The peer knows of no such channel. */
class UnknownChannel extends GatewayError {
  constructor(channel: string, why: string) {
    super(codes.UNAVAILABLE, `failed to get config for channel [${channel}]: ${why}`);
  }
}

/** An answer is used so long: gossip itself is slower. */
const freshMs = 1_000;
const patienceMs = 10_000;

/** What a Gateway asks its own peer's discovery service: members, orderers, endorsement policies as layouts. */
export class Discovery {
  readonly #own: PeerNode;
  readonly #identity: OwnIdentity;
  readonly #peers: Nodes<PeerNode>;
  readonly #orderers = new Nodes((where) => new OrdererNode(where));
  readonly #answers = new Map<string, { until: number; answer: Promise<discovery.QueryResult> }>();

  constructor(own: PeerNode, identity: OwnIdentity) {
    this.#own = own;
    this.#identity = identity;
    this.#peers = new Nodes((where) => (where.address === own.address ? own : new PeerNode(where)));
  }

  /** @throws UNAVAILABLE when the peer is not in the channel */
  async config(channel: string): Promise<ChannelConfig> {
    const query = new discovery.Query();
    query.setConfigQuery(new discovery.ConfigQuery());
    const answer = await this.#ask(channel, 'config', query);
    const config = answer.getConfigResult();
    if (!config) throw new UnknownChannel(channel, complaintOf(answer));
    const msps = [...config.getMspsMap().entries()] as [string, msp.FabricMSPConfig][];
    const tlsAuthorities = new Map(msps.map(([id, one]) => [id, tlsOf(one)]));
    const orderers = [...config.getOrderersMap().entries()].flatMap(([mspId, endpoints]) =>
      (endpoints as discovery.Endpoints).getEndpointList().map((each) => ({
        address: `${each.getHost()}:${each.getPort()}`,
        mspId: mspId as string,
        tlsAuthorities: tlsAuthorities.get(mspId as string) ?? '',
      })),
    );
    const authorities = new Map(msps.map(([id, one]) => [id, one.getRootCertsList_asU8().map(textOf)]));
    return { authorities, tlsAuthorities, orderers };
  }

  async orderers(channel: string): Promise<OrdererNode[]> {
    const { orderers } = await this.config(channel);
    return orderers.map((each) => this.#orderers.at(each));
  }

  /** mspId → its peers in the channel, those with most blocks first; none in a channel that there is not */
  async members(channel: string): Promise<Map<string, Member[]>> {
    const query = new discovery.Query();
    query.setPeerQuery(new discovery.PeerMembershipQuery());
    const [{ tlsAuthorities }, answer] = await Promise.all([
      this.#configIfKnown(channel),
      this.#ask(channel, 'members', query),
    ]);
    const found = answer.getMembers();
    if (!found) return new Map();
    return new Map(
      ([...found.getPeersByOrgMap().entries()] as [string, discovery.Peers][]).map(([mspId, peers]) => [
        mspId,
        this.#sorted(peers, mspId, tlsAuthorities),
      ]),
    );
  }

  /** @throws FAILED_PRECONDITION when no set of the peers that are there satisfies the chaincode's policy */
  async descriptor(channel: string, chaincode: string): Promise<Descriptor> {
    const call = new peer.ChaincodeCall();
    call.setName(chaincode);
    const interest = new peer.ChaincodeInterest();
    interest.setChaincodesList([call]);
    const asked = new discovery.ChaincodeQuery();
    asked.setInterestsList([interest]);
    const query = new discovery.Query();
    query.setCcQuery(asked);
    const [{ tlsAuthorities }, answer] = await Promise.all([
      this.#configIfKnown(channel),
      this.#ask(channel, `endorsers ${chaincode}`, query),
    ]);
    const [descriptor] = answer.getCcQueryRes()?.getContentList() ?? [];
    if (!descriptor) {
      const why = 'no combination of peers can be derived which satisfy the endorsement policy';
      throw new GatewayError(codes.FAILED_PRECONDITION, `${why}: ${complaintOf(answer)}`);
    }
    const groups = [...descriptor.getEndorsersByGroupsMap().entries()] as [string, discovery.Peers][];
    return {
      groups: new Map(groups.map(([group, peers]) => [group, this.#sorted(peers, undefined, tlsAuthorities)])),
      layouts: descriptor
        .getLayoutsList()
        .map((each) => new Map([...each.getQuantitiesByGroupMap().entries()] as [string, number][])),
    };
  }

  #configIfKnown(channel: string): Promise<Pick<ChannelConfig, 'tlsAuthorities'>> {
    return this.config(channel).catch((caught: unknown) => {
      if (caught instanceof UnknownChannel) return { tlsAuthorities: new Map<string, string>() };
      throw caught;
    });
  }

  #sorted(peers: discovery.Peers, mspId: string | undefined, tls: ReadonlyMap<string, string>): Member[] {
    const members = peers.getPeersList().map((each) => this.#memberOf(each, mspId ?? mspIdOf(each), tls));
    const first = (member: Member) => (member.node === this.#own ? 1 : 0);
    return members.sort((a, b) => b.height - a.height || first(b) - first(a));
  }

  #memberOf(found: discovery.Peer, mspId: string, tls: ReadonlyMap<string, string>): Member {
    const address = gossiped(found.getMembershipInfo())?.getAliveMsg()?.getMembership()?.getEndpoint() ?? '';
    const properties = gossiped(found.getStateInfo())?.getStateInfo()?.getProperties();
    return {
      node: this.#peers.at({ address, mspId, tlsAuthorities: tls.get(mspId) ?? '' }),
      height: properties?.getLedgerHeight() ?? 0,
      chaincodes: new Set(properties?.getChaincodesList().map((each) => each.getName())),
    };
  }

  #ask(channel: string, what: string, query: discovery.Query): Promise<discovery.QueryResult> {
    const key = `${channel} ${what}`;
    const known = this.#answers.get(key);
    if (known && known.until > performance.now()) return known.answer;
    query.setChannel(channel);
    const answer = this.#discover(query);
    this.#answers.set(key, { until: performance.now() + freshMs, answer });
    // what failed is asked again
    answer.catch(() => this.#answers.delete(key));
    return answer;
  }

  async #discover(query: discovery.Query): Promise<discovery.QueryResult> {
    const signed = await ownDiscovery(this.#identity, query);
    return new Promise((done, failed) => {
      this.#own.discovery.discover(signed, new Metadata(), { deadline: Date.now() + patienceMs }, (error, answer) => {
        const [result] = answer?.getResultsList() ?? [];
        if (result) return done(result);
        failed(new GatewayError(codes.UNAVAILABLE, error?.details ?? 'the discovery service answers nothing'));
      });
    });
  }
}

const complaintOf = (answer: discovery.QueryResult): string => answer.getError()?.getContent() ?? 'no such answer';
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const tlsOf = (config: msp.FabricMSPConfig): string =>
  [...config.getTlsRootCertsList_asU8(), ...config.getTlsIntermediateCertsList_asU8()].map(textOf).join('\n');

const gossiped = (envelope: gossip.Envelope | undefined): gossip.GossipMessage | undefined =>
  envelope && gossip.GossipMessage.deserializeBinary(envelope.getPayload_asU8());

/** Members of a group come with their identity only. */
const mspIdOf = (found: discovery.Peer): string =>
  msp.SerializedIdentity.deserializeBinary(found.getIdentity_asU8()).getMspid();
