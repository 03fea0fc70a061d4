import type { AskResponse, OpenResponse } from '@medshare/events';
import { readAuditEvents } from '../audit/read-audit-events.js';
import { verifyEntries } from '../audit/verify-entries.js';
import { actingAs, type Acting } from '../commands/acting-as.js';
import { dataFolder } from '../commands/data-folder.js';
import { readDemo, type DemoFile } from '../commands/demo-file.js';
import { auditTrust, readGenesis } from '../commands/genesis.js';
import type { Surroundings } from '../commands/outcome.js';
import { rememberAsk } from '../commands/remembered-asks.js';
import type { SendReport } from '../send/send-report.js';
import { approveAsk, askForAll, byClass, openMore, openWhenGranted } from './ask-and-open.js';
import { awaitAnchors, type Anchored } from './await-anchors.js';
import { cast } from './cast.js';
import { duplicatesAt, sendLaterResult, sendSamples } from './send-samples.js';
import { Stages } from './stages.js';
import { summaryText, type Row } from './summary.js';

/**
 * Plays the main job as outsiders would, over sockets only: hospitals send, a clinician elsewhere asks, the right people approve,
 * the clinician opens, the regulator verifies. May be played again: what was sent before is a duplicate.
 *
 * @returns the summary
 */
export async function playDemo(data: string, within: Surroundings): Promise<string> {
  return new Play(data, within, await readDemo(data)).run();
}

class Play {
  private readonly stages: Stages;
  private readonly rows: Row[] = [];
  private readonly began = new Date();
  private mark = performance.now();

  constructor(
    private readonly data: string,
    private readonly within: Surroundings,
    private readonly demo: DemoFile,
  ) {
    this.stages = new Stages(within.terminal, within.stop, () => performance.now());
  }

  async run(): Promise<string> {
    this.within.terminal.notice('Playing the main job on samples/:');
    await this.receive();
    const doctor = await this.as(cast.doctor);
    const asked = await this.ask(doctor);
    await this.openOrdinary(doctor, asked);
    await this.approve(asked);
    const opened = await this.openSensitive(doctor, asked);
    await this.openLater(doctor, asked, opened);
    await this.audit();
    return summaryText(this.rows, this.next(asked), this.within.terminal);
  }

  private async receive(): Promise<void> {
    const { stop } = this.within;
    const before = await this.duplicates();
    const report = await this.stages.run(
      'hospitals send samples/',
      () => sendSamples(this.data, { ...this.within, terminal: quiet(this.within.terminal) }),
      ({ accepted, to }) => `${accepted} acknowledged as durable by ${to.join(', ')}`,
    );
    const known = (await this.duplicates()) - before;
    this.row('received', report.sent, `from ${report.files} files, over MLLP and HTTP`);
    this.row(
      'acknowledged',
      report.accepted,
      known === 0 ? 'each after it was durable' : `${known} of them known from an earlier round: done once`,
    );
    if (known > 0)
      this.within.terminal.notice(
        `          ${known} of them are duplicates of an earlier round: answered again, done once`,
      );
    const totals = await this.stages.run(
      'sealed and anchored on the chain',
      ({ say }) => this.anchors(report, { stop, say }),
      ({ anchored, blocks }) => `${anchored} records, newest in ${blocksText(blocks)}`,
    );
    this.row('sealed', totals.sealed, 'records, each section under a key of its own', this.lap());
    this.row('anchored', totals.anchored, blocksText(totals.blocks));
  }

  /** At every institution that was sent something. */
  private async anchors(
    { to }: SendReport,
    how: { stop: AbortSignal; say: (text: string) => void },
  ): Promise<Anchored> {
    const all = await Promise.all(
      to.map(async (id) => awaitAnchors((await this.as(`regulator@${id}`)).client, id === cast.source ? 4 : 1, how)),
    );
    const sum = (of: (each: Anchored) => number) => all.reduce((total, each) => total + of(each), 0);
    return {
      received: sum(({ received }) => received),
      sealed: sum(({ sealed }) => sealed),
      anchored: sum(({ anchored }) => anchored),
      blocks: [...new Set(all.flatMap(({ blocks }) => blocks))].sort((a, b) => a - b),
    };
  }

  private async ask(doctor: Acting): Promise<AskResponse> {
    const asked = await this.stages.run(
      `${cast.doctor} asks for Mei Lin with ${cast.purpose}`,
      () => askForAll(doctor.client, this.within.stop),
      ({ found, requests }) =>
        `${found.map((each) => `${each.records} records at ${each.institution}`).join(', ')}; ${requests.length} requests`,
    );
    await rememberAsk(doctor.place, asked);
    this.row(
      'asked',
      asked.requests.length,
      `requests: ${asked.requests.map((request) => request.class).join(', ')}`,
      this.lap(),
    );
    return asked;
  }

  private async openOrdinary({ client }: Acting, { askId }: AskResponse): Promise<void> {
    const answer = await this.stages.run(
      'ordinary findings open under the legal basis',
      () => openWhenGranted(client, askId, { sensitive: false, stop: this.within.stop }),
      ({ opened, refused }) => `${byClass(opened)}; not yet: ${byClass(refused)}`,
    );
    this.row(
      'opened',
      answer.opened.length,
      `${byClass(answer.opened)}, under the legal basis, nobody asked`,
      this.lap(),
    );
  }

  private async approve(asked: AskResponse): Promise<void> {
    const places: string[] = [];
    for (const who of cast.approvers) {
      const filled = await this.stages.run(
        `${who} approves`,
        async () => approveAsk((await this.as(who)).client, asked, this.within.stop),
        (leaves) => leaves.join(', '),
      );
      places.push(...filled);
    }
    this.row(
      'approved',
      places.length,
      `by ${[...new Set(places)].join(', ')}, signed with their own keys`,
      this.lap(),
    );
  }

  private async openSensitive({ client }: Acting, { askId }: AskResponse): Promise<OpenResponse> {
    const answer = await this.stages.run(
      'the sensitive class opens by its formula',
      () => openWhenGranted(client, askId, { sensitive: true, stop: this.within.stop }),
      ({ opened }) => byClass(opened),
    );
    this.row('opened', answer.opened.length, byClass(answer.opened), this.lap());
    return answer;
  }

  private async openLater({ client }: Acting, { askId }: AskResponse, before: OpenResponse): Promise<void> {
    const answer = await this.stages.run(
      'a later result of the same stay opens under the same grant',
      async () => {
        await sendLaterResult(this.data, { ...this.within, terminal: quiet(this.within.terminal) });
        return openMore(client, askId, before.opened.length, this.within.stop);
      },
      ({ opened }) => `${opened.length - before.opened.length} more`,
    );
    this.row(
      'opened',
      answer.opened.length,
      `${byClass(answer.opened)}, with a later result of the same stay`,
      this.lap(),
    );
  }

  private async audit(): Promise<void> {
    const ids = this.demo.institutions.map(({ id }) => id);
    const verified = await this.stages.run(
      'the regulator verifies the audit logs offline',
      async ({ say }) => {
        let done = 0;
        for (const id of ids) done += await this.auditAt(id, (count) => say(`${done + count} entries`));
        return done;
      },
      (count) => `${count} entries of ${ids.join(', ')}`,
    );
    this.row('audited', verified, 'entries of this round, each proof verified offline', this.lap());
  }

  private async auditAt(id: string, say: (count: number) => void): Promise<number> {
    const { client } = await this.as(`regulator@${id}`);
    const genesis = await readGenesis(this.data, id);
    if (!genesis) return 0;
    const lines = await readAuditEvents(client, { date: `ge${this.began.toISOString()}` }, 200);
    const { failed, entries } = await verifyEntries(
      client,
      auditTrust(genesis, id),
      lines.map((line) => line.id),
      say,
    );
    if (failed[0]) throw new Error(`the audit log of ${id} does not verify`);
    return entries;
  }

  private as(who: string): Promise<Acting> {
    return actingAs({ as: who, data: this.data }, this.within);
  }

  private async duplicates(): Promise<number> {
    const counts = await Promise.all(this.demo.institutions.map(({ httpUrl }) => duplicatesAt(httpUrl)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  private row(step: string, count: number, detail: string, ms?: number): void {
    this.rows.push({ step, count, detail, ...(ms !== undefined && { ms }) });
  }

  /** ms since the last call */
  private lap(): number {
    const last = this.mark;
    this.mark = performance.now();
    return this.mark - last;
  }

  private next({ requests }: AskResponse): string[] {
    const where = this.data === dataFolder(undefined, this.within.env) ? '' : ` --data ${this.data}`;
    const sensitive = requests.find((request) => request.class !== 'ordinary')?.requestId ?? '';
    return [
      `open --as ${cast.doctor} --out ./opened${where}`,
      `break-glass --as ed.zhao@lakeside --patient '${cast.patient.system}|${cast.patient.value}' --reason unconscious --with ed.kaya@lakeside --with ed.zhao@harbor${where}`,
      `reviews list --as officer.li@harbor${where}`,
      `audit list --institution ${cast.source} --action fragments.released${where}`,
      `audit verify --institution lakeside --all${where}`,
      `revoke --as officer.li@harbor ${sensitive} --reason no-longer-needed${where}`,
      `fsck${where}`,
    ].map((command) => `npx medshare ${command}`);
  }
}

const blocksText = (blocks: readonly number[]): string => `block ${blocks.slice(-6).join(', ') || '?'}`;

/** The demo tells its own progress. */
const quiet = (terminal: Surroundings['terminal']): Surroundings['terminal'] => ({
  ...terminal,
  progress: () => undefined,
});
