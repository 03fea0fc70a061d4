import { canonical, documentHash, suite, verifyDocument, fromBase64url } from '@medshare/crypto';
import {
  askResponse,
  countersignAsk,
  decideAsk,
  findAnchors,
  type askBody,
  type AskResponse,
  type DecisionReceipt,
  type Request,
} from '@medshare/events';
import type { Principal } from '@medshare/identity';
import { reasonHolds } from '@medshare/policy';
import { asProblem, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { askTraceparent, currentTraceparent, traced } from '@medshare/telemetry';
import type { z } from 'zod';
import { checkSubject } from './askers.js';
import type { SubmitRequest } from './submit-request.js';
import type { ReaderStore } from './store/reader-store.js';
import type { StoredAsks } from './stored-ask.js';

type Body = z.infer<typeof askBody>;
type Found = z.infer<typeof findAnchors.response>;
type Answer = z.infer<typeof decideAsk.response>;
type Proposal = Answer['proposals'][number];
type Decided = Pick<Answer, 'receipts'> & { owner: string; requests: { proposal: Proposal; request: Request }[] };

/** Anchors that an answer names as damaged or undecided at most. */
const mostNamed = 1000;
/** Requests brought to the chain at once. */
const atOnce = 8;

/** Finds the patient's records in the region, asks each institution that made some, and puts what it permits on the chain. */
export class MakeAsk {
  constructor(
    private readonly context: RoleContext,
    private readonly store: ReaderStore,
    private readonly asks: StoredAsks,
    private readonly requests: SubmitRequest,
  ) {}

  /** Repeating an ask continues where it stopped and gives the same answer. */
  async ask(principal: Principal, body: Body): Promise<AskResponse> {
    const { askId } = body.ask;
    const stored = await this.asks.own(principal, askId);
    if (canonical(stored.body) !== canonical(body.ask)) throw problem('access.forged', { where: 'ask' });
    if (stored.answer) return this.resume(askId, askResponse.parse(stored.answer));
    if (body.ask.expiresAt <= this.context.clock.now()) throw problem('access.expired', { where: 'ask.expiresAt' });
    this.checkSignature(body);
    await this.checkSubject(principal, body);
    const place = { institution: this.context.institution, role: 'reader' };
    const links = [currentTraceparent()];
    const attributes = { 'medshare.ask': askId };
    // the first step of the ask's own trace, which everybody finds by its id
    return traced('ask', place, { as: askTraceparent(askId), links, attributes }, async () => {
      const found = await this.find(body);
      const { decided, damaged } = await this.decide(body, found);
      const answer = await this.remember(body, { ...found, damaged }, decided);
      return this.resume(askId, answer);
    });
  }

  /** The ask's answer with its requests' states as they are on the chain now. */
  async status(principal: Principal, askId: string): Promise<AskResponse> {
    const stored = await this.asks.own(principal, askId);
    if (!stored.answer) throw problem('request.not-found', { where: 'askId', detail: 'still a draft' });
    return this.resume(askId, askResponse.parse(stored.answer), false);
  }

  private checkSignature({ ask, certificate, signature, reason }: Body): void {
    // before anybody is asked: an emergency says why
    if (ask.emergency && (!reason || !reasonHolds(this.context.suite, ask, reason)))
      throw problem('access.reason-missing', { where: 'reason' });
    const key = fromBase64url(certificate.publicKey);
    if (!verifyDocument(suite(certificate.suite), key, 'ask', 1, ask, signature))
      throw problem('access.forged', { where: 'signature' });
  }

  /** Refused before anything is looked up: that records exist is told to nobody else. */
  private async checkSubject(principal: Principal, { ask, identifier }: Body): Promise<void> {
    try {
      checkSubject(principal, ask.purpose, identifier);
    } catch (caught) {
      await this.context.audit.record({
        action: 'ask.made',
        outcome: 'refused',
        problem: asProblem(caught).code,
        purpose: ask.purpose,
        agent: { institution: this.context.institution, roles: [...principal.roles].slice(0, 20) },
        entities: [{ kind: 'ask', id: ask.askId }],
      });
      throw caught;
    }
  }

  private async find({ ask, identifier }: Body): Promise<Found> {
    const { peers, institution, audit } = this.context;
    await audit.record({
      action: 'ask.made',
      outcome: 'success',
      purpose: ask.purpose,
      entities: [
        { kind: 'ask', id: ask.askId },
        { kind: 'patient', id: this.context.patientKey(identifier.system, identifier.value) },
      ],
    });
    return peers.call(findAnchors, institution, { identifier, reference: ask.askId, purpose: ask.purpose });
  }

  /** Each owner decides by its own rules; one that is away or lies is named and does not stop the others. */
  private async decide(
    body: Body,
    { records, damaged }: Found,
  ): Promise<{ decided: Decided[]; damaged: Found['damaged'] }> {
    const owners = [...new Set(records.map(({ institution }) => institution))];
    const answers = await Promise.allSettled(owners.map((owner) => this.decideAt(owner, body, records)));
    const decided = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const failed = answers.flatMap((answer, at) =>
      answer.status === 'rejected' ? [{ owner: owners[at] ?? '', fault: asProblem(answer.reason) }] : [],
    );
    if (failed[0] && decided.length === 0) throw failed[0].fault;
    const named = failed.flatMap(({ owner, fault }) => {
      this.context.logger.warn({ member: owner, code: fault.code, askId: body.ask.askId }, 'no decision');
      const theirs = records.filter((record) => record.institution === owner);
      return theirs.map(({ anchor }) => ({ institution: owner, tag: anchor.tag, problem: fault.code }));
    });
    return { decided, damaged: [...damaged, ...named].slice(0, mostNamed) };
  }

  private async decideAt(owner: string, body: Body, records: Found['records']): Promise<Decided> {
    const { peers, institution } = this.context;
    const tags = records.filter((record) => record.institution === owner).map(({ anchor }) => anchor.tag);
    const { ask, certificate, signature, relation, reason } = body;
    const signed = { ask, certificate, signature, relation, tags, ...(reason && { reason }) };
    const { envelope } = await peers.call(countersignAsk, institution, signed);
    const answer = await peers.call(decideAsk, owner, { ...signed, envelope });
    const permits = new Map(answer.receipts.map((receipt) => [receipt.id, receipt]));
    const requests = answer.proposals.map((proposal) => ({
      proposal,
      request: this.requestOf(body, owner, proposal, permits.get(proposal.receiptId)?.approval),
    }));
    return { owner, receipts: answer.receipts, requests };
  }

  private async remember(body: Body, found: Found, decided: Decided[]): Promise<AskResponse> {
    const { ask, certificate, signature, identifier, relation, reason } = body;
    const rows = decided.flatMap(({ owner, requests }) => requests.map((one) => ({ owner, ...one })));
    const answer: AskResponse = {
      askId: ask.askId,
      found: decided.map(({ owner }) => ({
        institution: owner,
        records: found.records.filter((record) => record.institution === owner).length,
      })),
      requests: rows.map(({ owner, proposal, request }) => ({
        requestId: request.id,
        requestHash: documentHash(suite(this.context.region.suite), 'request', 1, request),
        owner,
        class: proposal.class,
        state: 'waiting',
        expiresAt: request.expiresAt,
      })),
      receipts: decided.flatMap(({ receipts }) => receipts),
      damaged: found.damaged,
    };
    const sealed = await this.asks.seal(ask.askId, {
      identifier,
      relation,
      certificate,
      signature,
      ...(reason && { reason }),
    });
    const kept = await this.store.$transaction(async (tx) => {
      const data = { state: 'asked', sealed, answer: answer as object };
      // the same ask made twice at once has one answer: whoever is first keeps it
      const { count } = await tx.ask.updateMany({ where: { id: ask.askId, state: 'draft' }, data });
      if (count === 0) return false;
      await tx.request.createMany({
        data: rows.map(({ owner, proposal, request }) => ({
          id: request.id,
          askId: ask.askId,
          owner,
          class: proposal.class,
          deal: proposal.deal as object,
          salt: proposal.salt,
          body: request as object,
          state: 'waiting',
          expiresAt: new Date(request.expiresAt),
        })),
      });
      return true;
    });
    if (kept) return answer;
    const other = await this.store.ask.findUniqueOrThrow({ where: { id: ask.askId } });
    if (!other.answer) throw problem('access.expired', { where: 'ask' });
    return askResponse.parse(other.answer);
  }

  private requestOf(
    { ask, certificate, signature }: Body,
    owner: string,
    proposal: Proposal,
    approval: DecisionReceipt['approval'],
  ): Request {
    const { dealCommitment, deal, salt } = proposal;
    const region = suite(this.context.region.suite);
    if (documentHash(region, 'deal-commitment', 1, { dealId: deal.id, salt }) !== dealCommitment)
      throw problem('access.forged', { where: `${owner}: dealCommitment` });
    if (deal.about.institution !== owner || proposal.expiresAt > ask.expiresAt)
      throw problem('access.forged', { where: `${owner}: proposal` });
    return {
      version: 1,
      id: documentHash(region, 'request-id', 1, { askId: ask.askId, dealCommitment }),
      institution: owner,
      requester: { institution: this.context.institution, certificate },
      ask,
      askSignature: signature,
      dealCommitment,
      formula: deal.formula as Request['formula'],
      ...(approval === 'required' ? { approval } : {}),
      issuedAt: this.context.clock.now(),
      expiresAt: proposal.expiresAt,
    };
  }

  /** Brings to the chain what is not there yet. Only who asks is told of a refusal; a look at the ask shows it waiting. */
  private async resume(askId: string, answer: AskResponse, asking = true): Promise<AskResponse> {
    const now = new Date(this.context.clock.now());
    const rows = await this.store.request.findMany({ where: { askId, submitted: false, expiresAt: { gt: now } } });
    for (let at = 0; at < rows.length; at += atOnce) {
      const some = rows.slice(at, at + atOnce);
      const results = await Promise.allSettled(some.map((row) => this.requests.submit(row)));
      const failed = results.find((result) => result.status === 'rejected');
      if (!failed) continue;
      if (asking) throw asProblem(failed.reason);
      this.context.logger.warn({ askId, code: asProblem(failed.reason).code }, 'requests not submitted, will retry');
      break;
    }
    const states = await this.requests.states(askId);
    return {
      ...answer,
      requests: answer.requests.map((one) => ({ ...one, ...states.get(one.requestId) })),
    };
  }
}
