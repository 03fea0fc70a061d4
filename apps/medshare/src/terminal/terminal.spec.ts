import { progressBar } from './progress-bar.js';
import { table } from './table.js';
import { createTerminal } from './terminal.js';

const stream = (isTTY: boolean) => {
  const written: string[] = [];
  return { isTTY, columns: 40, written, write: (text: string) => written.push(text) };
};

describe('the terminal', () => {
  it('sends results to stdout, notices to stderr, and progress to a terminal only', () => {
    const [stdout, stderr] = [stream(false), stream(false)];
    const terminal = createTerminal({ stdout, stderr, env: {} });
    terminal.progress('half');
    terminal.out('result');
    terminal.notice('note\n');
    expect([stdout.written, stderr.written]).toEqual([['result\n'], ['note\n']]);
    expect(terminal.style.bold('x')).toBe('x');
  });

  it('lifts the progress line for other words and cuts it to the width', () => {
    const [stdout, stderr] = [stream(true), stream(true)];
    const terminal = createTerminal({ stdout, stderr, env: {} });
    terminal.progress('x'.repeat(100));
    terminal.notice('note');
    terminal.progress('');
    expect(stderr.written.join('')).toBe(`${'x'.repeat(39)}\r\u001b[2Knote\n${'x'.repeat(39)}\r\u001b[2K`);
  });

  it('has no colours under NO_COLOR', () => {
    const streams = { stdout: stream(true), stderr: stream(true) };
    expect(createTerminal({ ...streams, env: {} }).style.bad('x')).toContain('\u001b[31m');
    expect(createTerminal({ ...streams, env: { NO_COLOR: '1' } }).style.bad('x')).toBe('x');
  });
});

describe('a table', () => {
  it('wraps its last column at words and keeps long words whole', () => {
    const text = table(
      [
        ['a', 'why'],
        ['one', `${'word '.repeat(12)}${'i'.repeat(40)}`],
      ],
      { columns: 40, indent: 0 },
    );
    expect(text.split('\n')[0]).toBe('a    why');
    expect(text.split('\n')[2]).toMatch(/^ {5}word/);
    expect(text).toContain('i'.repeat(40));
    for (const line of text.split('\n').slice(0, -1)) expect(line.length).toBeLessThanOrEqual(40);
  });
});

describe('the progress bar', () => {
  it.each([80, 40, 20, 5])('fits into %d columns', (columns) => {
    const text = progressBar({ done: 5, total: 10, refused: 1, elapsedMs: 1000 }, columns);
    expect(text).toContain('5/10');
    if (columns >= 40) expect(text.length).toBeLessThanOrEqual(columns);
  });

  it('is full at the end and empty of nonsense for nothing', () => {
    expect(progressBar({ done: 4, total: 4, refused: 0, elapsedMs: 500 }, 60)).toMatch(/^\[#+\] {2}4\/4 {2}8\/s$/);
    expect(progressBar({ done: 0, total: 0, refused: 0, elapsedMs: 0 }, 60)).toContain('0/0  0/s');
  });
});
