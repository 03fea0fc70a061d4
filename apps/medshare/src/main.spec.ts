import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { callMain } from './call-main.fixture.js';
import type { Surroundings } from './commands/outcome.js';
import { createProgram } from './commands/program.js';

const call = (...args: string[]) => callMain(args);

/** Every command there is, read from the program itself: a new one cannot escape. */
const leavesOf = (command: Command, path: string[] = []): string[][] =>
  command.commands.length === 0 ? [path] : command.commands.flatMap((one) => leavesOf(one, [...path, one.name()]));
const within = { terminal: { columns: 80 }, env: {}, stop: new AbortController().signal } as unknown as Surroundings;
const commands = leavesOf(createProgram(within, '0.0.0', () => undefined));

describe('the command line', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'main-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(commands.map((path) => [path.join(' '), path] as const))(
    '%s has help with examples, --json and exit codes',
    async (_, command) => {
      const { exitCode, out } = await call(...command, '--help');
      expect(exitCode).toBe(0);
      expect(out).toMatch(/Examples:\n {2}\$ /);
      expect(out).toContain('--json');
      expect(out).toContain('Exit codes: 0');
    },
  );

  it('lists every command in its help, which is an error when nothing was said', async () => {
    const { exitCode, out } = await call('--help');
    expect(exitCode).toBe(0);
    expect(commands.length).toBeGreaterThan(30);
    for (const [name] of commands) expect(out).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    expect(await call()).toMatchObject({ exitCode: 2, out: '' });
    expect(await call('--version')).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it.each([
    ['an unknown command', ['sned']],
    ['an unknown option', ['send', 'x.hl7', '--nope']],
    ['a missing option', ['token']],
    ['a patient without a system', ['request', '--as', 'a@b', '--purpose', 'TREAT', '--patient', 'E-1']],
    ['days out of bounds', ['request', '--as', 'a@bb', '--purpose', 'TREAT', '--patient', 's|v', '--days', '366']],
    ['a reason that is none', ['revoke', 'x', '--as', 'a@b', '--reason', 'whim']],
    ['a user name that is none', ['token', '--as', '../x@harbor']],
    ['an address that is none', ['send', 'x.hl7', '--to', 'nowhere']],
    ['two destinations', ['send', 'x.hl7', '--to', 'a:1', '--institution', 'harbor']],
    ['neither a request nor all', ['approve', '--as', 'a@harbor']],
    ['two ways to choose entries', ['audit', 'verify', '--all', '--last', '3']],
    ['an emergency that gives no reason', ['break-glass', '--as', 'a@bb', '--patient', 's|v']],
    ['a reason in no words', ['break-glass', '--as', 'a@bb', '--patient', 's|v', '--reason', 'other']],
    ['an emergency of days', ['break-glass', '--as', 'a@bb', '--patient', 's|v', '--reason', 'other', '--hours', '25']],
    ['a consent of nobody', ['consent', 'record', 'x.hl7']],
    ['a patient without a system for consents', ['consent', 'list', '--as', 'a@bb', '--patient', 'E-1']],
    ['a state that messages do not have', ['messages', 'list', '--state', 'lost']],
    ['giving up without a reason', ['messages', 'skip', 'x']],
    ['a look at content without a reason', ['messages', 'content', 'x']],
    ['an unknown role', ['run', 'cook', '--config', 'x.yaml']],
    ['an address without its issuer', ['token', '--as', 'a@harbor', '--url', 'http://127.0.0.1:1']],
  ])('says that %s is wrong usage', async (_, args) => {
    await writeFile(join(folder, 'x.hl7'), 'MSH|^~\\&|A\r');
    const { exitCode, err } = await call(...args.map((arg) => (arg === 'x.hl7' ? join(folder, arg) : arg)));
    expect([exitCode, err.trim() === '']).toEqual([2, false]);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it('prints a problem as code, where and text, and as one document with --json', async () => {
    const told = await call('token', '--as', 'dr.chen@harbor', '--data', folder);
    const path = join(folder, 'demo.json');
    expect(told).toEqual({
      exitCode: 1,
      out: '',
      err: `request.not-found: ${path}: no demo here; start one with: medshare up --demo\n`,
    });
    const { exitCode, out } = await call('token', '--as', 'dr.chen@harbor', '--data', folder, '--json');
    expect([exitCode, JSON.parse(out)]).toEqual([
      1,
      { problem: expect.objectContaining({ code: 'request.not-found', where: path }) },
    ]);
  });

  it('names every mistake of a configuration on a line of its own', async () => {
    const file = join(folder, 'bad.yaml');
    await writeFile(file, 'region: east\ncolour: red\n');
    const { exitCode, err } = await call('config', 'check', '--config', file);
    expect(exitCode).toBe(1);
    expect(err).toContain('config.invalid');
    expect(err).toContain('\n  colour: is not a key\n');
  });

  it('explains the configuration', async () => {
    const { exitCode, out } = await call('config', 'docs', '--json');
    expect([exitCode, (JSON.parse(out) as { markdown: string }).markdown]).toEqual([
      0,
      expect.stringContaining('`mllp.port`'),
    ]);
  });
});
