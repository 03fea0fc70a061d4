import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../apps/medshare/src/main.js';
import { audited, until, type Demo } from '../harness/demo.js';
import { admission, identifierOf, patient, sodium, unmappable } from '../harness/messages.js';

type Document = Record<string, unknown>;

/** Commands that people use when something is urgent or stuck, against a running platform: what they print and their exit codes. */
export function commandsFlow(demoOf: () => Demo): void {
  describe('the command line', () => {
    let folder: string;
    beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'commands-'))));
    afterAll(() => rm(folder, { recursive: true }));

    const call = async (...args: string[]) => {
      const written = { out: '', err: '' };
      const stream = (name: 'out' | 'err') =>
        ({ isTTY: false, write: (text: string) => ((written[name] += text), true) }) as unknown as NodeJS.WriteStream;
      const env = { MEDSHARE_CLI_DATA: demoOf().data };
      const stop = new AbortController().signal;
      const exitCode = await main({ args, stdout: stream('out'), stderr: stream('err'), env, stop });
      return { exitCode, ...written };
    };
    const json = async (...args: string[]) => {
      const { exitCode, out } = await call(...args, '--json');
      return { exitCode, document: JSON.parse(out) as Document };
    };
    const refused = async (code: string, ...args: string[]) => {
      const told = await call(...args);
      expect(told).toMatchObject({ exitCode: 1, out: '', err: expect.stringMatching(new RegExp(`^${code}: `)) });
      expect(told.err).not.toMatch(/^\s+at /m);
      const { exitCode, document } = await json(...args);
      expect([exitCode, document]).toEqual([1, { problem: expect.objectContaining({ code }) }]);
    };

    describe('consent', () => {
      const who = patient(311);
      const identifier = `${identifierOf(who).system}|${who.citizen}`;
      const officer = ['--as', 'officer.li@harbor'];
      const consent = (change: object = {}) => ({
        resourceType: 'Consent',
        status: 'active',
        scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
        category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
        patient: { identifier: identifierOf(who) },
        dateTime: '2026-11-21',
        policy: [{ uri: 'https://east.example/consent/research' }],
        provision: {
          type: 'permit',
          purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HRESCH' }],
        },
        ...change,
      });
      const file = async (name: string, content: unknown) => {
        await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
        return join(folder, name);
      };

      it('is recorded, listed, and followed by a new version', async () => {
        const list = ['consent', 'list', ...officer, '--patient', identifier];
        expect(await call(...list)).toEqual({ exitCode: 0, out: 'No consents.\n', err: '' });
        const recorded = await call('consent', 'record', ...officer, await file('one.json', consent()));
        expect(recorded).toMatchObject({ exitCode: 0, err: '' });
        const [, id = ''] = /^recorded ([0-9a-f-]{36})\n$/.exec(recorded.out) ?? [];
        expect((await call(...list)).out).toBe(`${id}  version 1  active  permit\n`);
        const withdrawn = await file('two.json', consent({ id, provision: { type: 'deny' } }));
        expect((await call('consent', 'record', ...officer, withdrawn, '--id', id)).exitCode).toBe(0);
        const { exitCode, document } = await json(...list);
        const entry = { resource: { id, meta: { versionId: '2' }, provision: { type: 'deny' } } };
        expect([exitCode, document]).toMatchObject([0, { resourceType: 'Bundle', entry: [entry] }]);
      });

      it('names what is not understood, and a file that is none', async () => {
        const odd = consent({ provision: { type: 'permit', purpose: [{ system: 'urn:odd', code: 'WHIM' }] } });
        const { exitCode, out } = await call('consent', 'record', ...officer, await file('odd.json', odd));
        expect([exitCode, out]).toEqual([
          0,
          expect.stringMatching(/not understood, so it refuses: Consent\.provision\.purpose/),
        ]);
        await refused('request.malformed', 'consent', 'record', ...officer, await file('none.json', '{'));
        await refused('request.not-found', 'consent', 'record', ...officer, join(folder, 'absent.json'));
        await refused(
          'fhir.invalid',
          'consent',
          'record',
          ...officer,
          await file('other.json', { resourceType: 'Patient' }),
        );
      });

      it('is neither recorded nor read by who may not', async () => {
        const list = ['consent', 'list', '--patient', identifier];
        await refused('auth.forbidden', ...list, '--as', 'dr.chen@lakeside');
        await refused('request.not-found', ...list, '--as', 'officer.li@nowhere');
      });
    });

    describe('break-glass', () => {
      const who = patient(312);
      const args = [
        'break-glass',
        '--patient',
        `${identifierOf(who).system}|${who.citizen}`,
        '--reason',
        'unconscious',
      ];
      const asker = ['--as', 'ed.zhao@lakeside'];
      beforeAll(async () => {
        const before = await audited(demoOf(), 'harbor', 'record.anchored');
        await demoOf().send('harbor', admission(who), sodium(who));
        const done = async () => (await audited(demoOf(), 'harbor', 'record.anchored')) >= before + 2;
        await until('anchored', done, 60_000);
      }, 90_000);

      it('opens what there is and says what follows', async () => {
        await until(
          'the class is shareable',
          async () => {
            const { exitCode, document } = await json(...args, ...asker, '--with', 'ed.kaya@lakeside', '--hours', '2');
            if (exitCode !== 0) return false;
            expect(document).toMatchObject({
              away: false,
              refused: [],
              opened: [{ owner: 'harbor' }, { owner: 'harbor' }],
            });
            return true;
          },
          60_000,
        );
        const { exitCode, out, err } = await call(...args, ...asker);
        expect([exitCode, err]).toEqual([0, '']);
        expect(out).toMatch(/^2 opened in \d+\.\d s$/m);
        expect(out).toContain('The patient is told, and privacy officers review this.');
        expect(await call('open', '--as', 'ed.zhao@lakeside')).toMatchObject({ exitCode: 0 });
      }, 120_000);

      it('is refused to who does not work in an emergency department, and finds nobody who is not there', async () => {
        const { exitCode, out, err } = await call(...args, '--as', 'dr.chen@lakeside', '--wait', '1');
        expect(exitCode).toBe(1);
        expect(out + err).not.toMatch(/^[1-9]\d* opened/m);
        const nobody = ['break-glass', '--patient', `${identifierOf(who).system}|NOBODY`, '--reason', 'unconscious'];
        const { exitCode: code, document } = await json(...nobody, ...asker, '--wait', '1');
        expect([code, document]).toMatchObject([1, { opened: [] }]);
      }, 60_000);
    });

    describe('messages', () => {
      const [who, other] = [patient(313), patient(314)];
      let parked: { id: string; stream: string };
      beforeAll(async () => {
        const answers = await demoOf().send('harbor', unmappable(who, other), sodium(who), 'MSH|^~\\&|LAB|HARBOR\r');
        expect(answers.map((answer) => /\rMSA\|(\w\w)/.exec(answer)?.[1])).toEqual(['AA', 'AA', 'AE']);
        const found = await until(
          'both wait',
          async () => {
            const { messages } = (await json('messages', 'list', '--state', 'parked')).document as {
              messages: { id: string; stream: string }[];
            };
            return messages.length >= 2 && messages;
          },
          60_000,
        );
        parked = found.at(-1)!;
      }, 90_000);

      it('tells what waits, why, and behind what', async () => {
        expect((await call('messages', 'list', '--patient', parked.stream)).out).toMatch(/parked[^]*parked/);
        const { document } = await json('messages', 'show', parked.id);
        expect(document).toMatchObject({ id: parked.id, state: 'parked', recordId: null });
        expect((await json('messages', 'parked', '--role', 'ingest')).document).toMatchObject({
          events: expect.arrayContaining([expect.objectContaining({ behind: parked.id })]),
        });
        expect((await json('messages', 'patients')).document).toMatchObject({
          streams: expect.arrayContaining([expect.objectContaining({ first: parked.id, events: 2 })]),
        });
        expect((await call('messages', 'feeds')).exitCode).toBe(0);
        const { out } = await call('messages', 'refused', '--last', '1');
        expect(out).toMatch(/hl7\.\S+/);
      });

      it('gives bytes to who may read them, into a new file of theirs only', async () => {
        const out = join(folder, 'message.hl7');
        const args = ['messages', 'content', parked.id, '--reason', 'does not map', '--out', out];
        await refused('auth.forbidden', ...args, '--as', 'it.sun@harbor');
        expect(await json(...args)).toMatchObject({ exitCode: 0, document: { file: out } });
        expect(await readFile(out, 'utf8')).toContain(other.citizen);
        expect((await stat(out)).mode & 0o777).toBe(0o600);
        await refused('request.conflict', ...args);
      });

      it('is tried again, parked again, and given up once; what waited behind it goes on', async () => {
        const again = await call('messages', 'replay', parked.id, '--wait', '60');
        expect(again).toMatchObject({ exitCode: 1, out: expect.stringContaining('parked again') });
        await refused('request.not-found', 'messages', 'replay', '00000000-0000-4000-8000-000000000000');
        expect((await call('messages', 'replay')).exitCode).toBe(2);
        expect((await call('messages', 'replay', parked.id, '--feed', 'x')).exitCode).toBe(2);
        const skip = ['messages', 'skip', parked.id, '--reason', 'two patients in one result'];
        expect(await json(...skip)).toMatchObject({
          exitCode: 0,
          document: { skipped: [{ id: parked.id, skipped: true }] },
        });
        expect((await call(...skip)).out).toContain('was given up before');
        await until(
          'the later one is mapped',
          async () => (await call('messages', 'list', '--state', 'parked')).out.includes('No such message'),
          60_000,
        );
      }, 120_000);

      it('is shown to nobody else', async () => {
        await refused('auth.forbidden', 'messages', 'list', '--as', 'dr.wu@harbor');
        await refused('request.not-found', 'messages', 'show', '00000000-0000-4000-8000-000000000000');
      });
    });
  });
}
