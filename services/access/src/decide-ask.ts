import { documentHash, fromBase64url, signDocument, toBase64url, verifyDocument } from '@medshare/crypto';
import { decideAsk, findDeals, type DecisionReceipt } from '@medshare/events';
import { uuidFrom } from '@medshare/fhir';
import { blindedConsent, inputsHash, type Decision, type DecisionInput, type DecisionInputs } from '@medshare/policy';
import { asProblem, problem } from '@medshare/problems';
import type { RoleContext } from '@medshare/role';
import { traced } from '@medshare/telemetry';
import type { z } from 'zod';
import { expired, forged } from './access.problems.js';
import type { InstitutionPolicy } from './access-policy.js';
import { checkCertificate, checkSigned, memberOf } from './check-certificate.js';
import type { InForce, KeepConsents } from './keep-consents.js';
import type { AlertPeople } from './alert-people.js';
import { checkReason } from './check-reason.js';
import type { AccessStore } from './store/access-store.js';
import { latestOf, lockPatients } from './store/consents.js';

type Envelope = z.infer<typeof decideAsk.request>;
type Answer = z.infer<typeof decideAsk.response>;
type OwnDeal = z.infer<typeof findDeals.response>['deals'][number];

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How often an ask is decided anew because a consent was recorded meanwhile. */
const attempts = 5;

/** A class as it was decided, with what the receipt commits to. */
interface Judged {
  receipt: DecisionReceipt;
  inputs: DecisionInputs;
  proposals: (Answer['proposals'][number] & { own: OwnDeal })[];
}

class ConsentChanged extends Error {}

/**
 * Decides another institution's ask about this institution's records: legal basis, policy, the patient's consents; a receipt a class.
 * What is permitted is proposed as deals; only the formula, fulfilled on the chain, opens them.
 */
export class DecideAsk {
  constructor(
    private readonly context: RoleContext,
    private readonly policy: InstitutionPolicy,
    private readonly store: AccessStore,
    private readonly people: AlertPeople,
    private readonly consents: KeepConsents,
  ) {}

  /** Repeating an ask gives the same answer. @throws Problem access.forged, access.expired */
  async decide(caller: string, envelope: Envelope): Promise<Answer> {
    const place = { institution: this.context.institution, role: 'access' };
    const attributes = { 'medshare.ask': envelope.ask.askId };
    return traced('decide', place, { attributes }, () => this.decideAll(caller, envelope));
  }

  private async decideAll(caller: string, envelope: Envelope): Promise<Answer> {
    this.check(caller, envelope);
    await this.checkEmergency(envelope);
    const answer = (await this.known(caller, envelope)) ?? (await this.decideAnew(caller, envelope));
    await this.audit(envelope, answer);
    return answer;
  }

  private async known(caller: string, { ask, certificate }: Envelope): Promise<Answer | undefined> {
    const row = await this.store.ask.findUnique({ where: { id: ask.askId } });
    if (row && (row.requester !== caller || row.person !== certificate.person)) throw forged('ask.askId');
    return row ? decideAsk.response.parse(row.answer) : undefined;
  }

  private async decideAnew(caller: string, envelope: Envelope): Promise<Answer> {
    const { deals } = await this.context.peers.call(findDeals, this.context.institution, { tags: envelope.tags });
    const patients = [...new Set(deals.flatMap(({ patient }) => patient ?? []))].sort();
    for (let attempt = 1; ; attempt += 1) {
      const inForce = await this.consents.inForce(patients);
      const judged = classesOf(deals).map((sample) => this.judge(envelope, sample, deals, inForce));
      const permits = judged.filter(({ receipt }) => receipt.outcome === 'permit');
      // a class that is denied is not named to the asker: that it exists is itself sensitive
      const shown = permits.length > 0 ? permits : [this.nothing(envelope, judged, inForce)];
      const proposals = judged.flatMap((one) => one.proposals);
      const answer: Answer = {
        receipts: shown.map(({ receipt }) => receipt),
        proposals: proposals.map(({ own: _, ...proposal }) => proposal),
      };
      try {
        await this.persist(envelope, [...new Set([...judged, ...shown])], answer, inForce);
        return answer;
      } catch (caught) {
        if (caught instanceof ConsentChanged && attempt < attempts) continue;
        // the same ask was decided at the same time: its answer counts, and there is one
        const other = await this.known(caller, envelope);
        if (!other) throw caught;
        return other;
      }
    }
  }

  /** One class: the decision, and a receipt that names what it permits and nothing else. */
  private judge(envelope: Envelope, sample: OwnDeal, deals: OwnDeal[], inForce: InForce): Judged {
    const { decision, ...rest } = this.decideClass(envelope, sample, inForce);
    const permitted = decision.outcome === 'permit';
    const covered = deals.filter((deal) => deal.shareable && deal.class === sample.class && permitted);
    const proposed = covered.map((own) => ({ ...this.propose(envelope, own), own }));
    const commitments = proposed.map(({ dealCommitment }) => dealCommitment);
    const receipt = this.receipt(envelope, sample.class, { decision, ...rest }, commitments);
    return {
      receipt,
      inputs: rest.inputs,
      proposals: proposed.map((one) => ({ ...one, receiptId: receipt.id })),
    };
  }

  private check(caller: string, { ask, certificate, signature, relation, tags, envelope }: Envelope): void {
    const { region, suite, clock } = this.context;
    if (ask.institution !== caller || certificate.institution !== caller) throw forged('ask.institution');
    checkCertificate(region, certificate, clock.now());
    checkSigned(certificate, 'ask', ask, signature);
    if (certificate.kind !== 'staff') throw forged('certificate.kind');
    const key = fromBase64url(memberOf(region, caller).keys.access);
    if (!verifyDocument(suite, key, 'ask-envelope', 1, { ask, relation, tags }, envelope)) throw forged('envelope');
    if (ask.expiresAt <= clock.now()) throw expired('ask.expiresAt');
  }

  /** Without a reason, or for longer than the policy lets an emergency last, nothing is decided; that it was tried is on record. */
  private async checkEmergency({ ask, certificate, reason }: Envelope): Promise<void> {
    const { clock, region, suite, audit } = this.context;
    try {
      checkReason(suite, ask, reason);
      const most = this.policy.emergency.maxHours * HOUR + region.clockSkewMs;
      if (ask.emergency && ask.expiresAt - clock.now() > most)
        throw problem('access.denied', { where: 'ask.expiresAt' });
    } catch (caught) {
      await audit.record({
        action: 'ask.decided',
        outcome: 'refused',
        problem: asProblem(caught).code,
        purpose: ask.purpose,
        agent: { institution: certificate.institution, person: certificate.person, roles: certificate.roles },
        entities: [{ kind: 'ask', id: ask.askId }],
      });
      throw caught;
    }
  }

  private decideClass(
    { ask, certificate, relation }: Envelope,
    { class: dataClass, level }: Pick<OwnDeal, 'class' | 'level'>,
    inForce: InForce,
  ): { decision: Decision; inputs: DecisionInputs; consents: readonly string[] } {
    const { context } = this;
    const { institution, roles, person } = certificate;
    const requester = { institution, roles, person };
    const requestedDays = Math.ceil((ask.expiresAt - context.clock.now()) / DAY);
    const said = this.consents.answer(inForce, {
      requester,
      purpose: ask.purpose,
      class: dataClass,
      at: context.clock.now(),
    });
    const input: DecisionInput = {
      requester,
      owner: context.institution,
      class: dataClass,
      level,
      purpose: ask.purpose,
      relation,
      requestedDays,
      consent: said.said,
      consentRules: said.rules,
    };
    const salt = toBase64url(context.random.bytes(32));
    const inputs: DecisionInputs = { version: 1, relation, level, requestedDays, patients: inForce.patients, salt };
    return { decision: this.policy.decide(input), inputs, consents: said.considered };
  }

  private receipt(
    { ask, certificate }: Envelope,
    dataClass: string,
    { decision, inputs, consents }: ReturnType<DecideAsk['decideClass']>,
    deals: string[] = [],
  ): DecisionReceipt {
    const { context } = this;
    const id = context.random.uuid();
    const suiteName = context.region.suite;
    const body: DecisionReceipt = {
      version: 1,
      id,
      askId: ask.askId,
      askHash: documentHash(context.suite, 'ask', 1, ask),
      time: context.clock.now(),
      owner: context.institution,
      requester: { institution: certificate.institution, person: certificate.person, roles: certificate.roles },
      purpose: ask.purpose,
      class: dataClass,
      policyHash: decision.policyHash,
      outcome: decision.outcome,
      ...(decision.problem ? { problem: decision.problem } : {}),
      ...(decision.legalBasis ? { legalBasis: decision.legalBasis } : {}),
      approval: decision.approval,
      rules: [...decision.rules],
      obligations: [...decision.obligations],
      consents: consents.map((one) => blindedConsent(suiteName, id, one)).slice(0, 50),
      inputs: inputsHash(suiteName, inputs),
      deals,
      enforced: 'mathematics',
      ...(ask.emergency && { emergency: { ...ask.emergency, away: this.policy.emergency.away.allowed } }),
    };
    return { ...body, signature: signDocument(context.suite, context.signingKey.privateKey, 'receipt', 1, body) };
  }

  /**
   * One receipt that permits nothing, without saying what there is: how the ordinary class is decided, whether or not the
   * patient has any here. The denied classes' rules are kept here only.
   */
  private nothing(envelope: Envelope, judged: Judged[], inForce: InForce): Judged {
    const ordinary = judged.find(({ receipt }) => receipt.class === 'ordinary');
    if (ordinary) return ordinary;
    const decided = this.decideClass(envelope, { class: 'ordinary', level: 1 }, inForce);
    return { receipt: this.receipt(envelope, 'ordinary', decided), inputs: decided.inputs, proposals: [] };
  }

  private propose({ ask }: Envelope, own: OwnDeal): Omit<Answer['proposals'][number], 'receiptId'> {
    const salt = toBase64url(this.context.random.bytes(32));
    return {
      class: own.class,
      deal: own.deal,
      salt,
      dealCommitment: documentHash(this.context.suite, 'deal-commitment', 1, { dealId: own.deal.id, salt }),
      expiresAt: ask.expiresAt,
    };
  }

  /**
   * No audit entry, no answer. The entry's id follows from the ask's, so that a repeated ask is one entry; it is not the
   * ask's own id, for the asker chose that and could name an entry that stands already.
   */
  private async audit({ ask, certificate }: Envelope, { receipts, proposals }: Answer): Promise<void> {
    const { suite, audit, institution } = this.context;
    const refused = proposals.length === 0;
    const askOf = { where: { askId: ask.askId } };
    const [reviews, notifications] = await Promise.all([
      this.store.review.findMany({ where: { ...askOf.where, side: 'owner' } }),
      this.store.notification.findMany(askOf),
    ]);
    const alerts = [...this.people.facts('review', reviews), ...this.people.facts('notification', notifications)];
    for (const fact of alerts) await audit.record(fact);
    await audit.record({
      id: uuidFrom(fromBase64url(documentHash(suite, 'decision-entry', 1, { institution, askId: ask.askId }))),
      action: 'ask.decided',
      outcome: refused ? 'refused' : 'success',
      ...(refused ? { problem: receipts[0]?.problem ?? 'access.denied' } : {}),
      purpose: ask.purpose,
      agent: { institution: certificate.institution, person: certificate.person, roles: certificate.roles },
      entities: [{ kind: 'ask', id: ask.askId }, ...receipts.slice(0, 60).map(({ id }) => ({ kind: 'receipt', id }))],
    });
  }

  /** Unless a consent was recorded since it was looked at: whoever records one and whoever decides wait for each other. */
  private async persist(envelope: Envelope, judged: Judged[], answer: Answer, inForce: InForce): Promise<void> {
    const { ask, certificate, signature, relation, reason } = envelope;
    const permits = answer.receipts.filter(({ outcome }) => outcome === 'permit');
    const { patients } = inForce;
    const alerts = await this.people.obliged({ ...ask, certificate, reason, permits, patients });
    await this.store.$transaction(async (tx) => {
      const db = { query: (text: string, values: unknown[]) => queryWith(tx, text, values) };
      await lockPatients(db as never, inForce.patients);
      if (inForce.patients.length > 0) {
        const now = await latestOf(db as never, inForce.patients);
        const same =
          sorted(now.map(({ commitment }) => commitment)) === sorted(inForce.rows.map((row) => row.commitment));
        if (!same) throw new ConsentChanged();
      }
      await tx.ask.create({
        data: {
          id: ask.askId,
          requester: certificate.institution,
          person: certificate.person,
          purpose: ask.purpose,
          relation,
          decidedAt: new Date(this.context.clock.now()),
          answer: answer as object,
          envelope: { ask, certificate, signature, relation },
          receipts: {
            create: judged.map(({ receipt: body, inputs }) => ({
              id: body.id,
              time: new Date(body.time),
              outcome: body.outcome,
              body: body as object,
              inputs: inputs as object,
            })),
          },
          proposals: {
            create: judged.flatMap(({ proposals, receipt }) =>
              proposals.map((one) => this.proposalRow(one, receipt.approval)),
            ),
          },
        },
      });
      // whoever must be told is told with the decision, or there is none
      await tx.review.createMany({ data: alerts.reviews, skipDuplicates: true });
      await tx.notification.createMany({ data: alerts.notifications, skipDuplicates: true });
    });
  }

  private proposalRow(
    { own, dealCommitment, deal, salt, class: dataClass, expiresAt }: Judged['proposals'][number],
    approval: DecisionReceipt['approval'],
  ) {
    return {
      dealCommitment,
      dealId: deal.id,
      salt,
      class: dataClass,
      patient: own.patient ?? null,
      level: own.level,
      request: { formula: deal.formula as object, ...(approval === 'required' ? { approval } : {}) },
      expiresAt: new Date(expiresAt),
    };
  }
}

const sorted = (of: readonly string[]): string => [...of].sort().join();

type StoreTransaction = Parameters<Parameters<AccessStore['$transaction']>[0]>[0];

/** The stores' plain SQL inside a transaction of Prisma's. */
const queryWith = async (tx: Pick<StoreTransaction, '$queryRawUnsafe'>, text: string, values: unknown[]) => ({
  rows: await tx.$queryRawUnsafe(text, ...values),
});

/** One deal a class, of the highest level: classes are decided, deals are proposed. */
function classesOf(deals: OwnDeal[]): OwnDeal[] {
  const byClass = new Map<string, OwnDeal>();
  for (const deal of deals) {
    const known = byClass.get(deal.class);
    if (!known || known.level < deal.level) byClass.set(deal.class, deal);
  }
  return [...byClass.values()];
}
