import { styles, type Styles } from './styles.js';

/** Where a command's words go. Results are for stdout; progress and notices are for stderr, so that a pipe gets results only. */
export interface Terminal {
  out(text: string): void;
  /** Exactly these characters on stdout, no end of line added. */
  raw(text: string): void;
  notice(text: string): void;
  /** Overwrites one line on stderr; does nothing where stderr is not a terminal. An empty text removes the line. */
  progress(text: string): void;
  readonly live: boolean;
  /** Width of stderr's or stdout's lines, 80 where there is none. */
  readonly columns: number;
  readonly style: Styles;
}

interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

interface Streams {
  stdout: Stream;
  stderr: Stream;
  env: Readonly<Record<string, string | undefined>>;
}

const clearLine = '\r\u001b[2K';
const widest = 120;

export function createTerminal({ stdout, stderr, env }: Streams): Terminal {
  const live = stderr.isTTY === true && env['TERM'] !== 'dumb';
  const columns = Math.min(stderr.columns ?? stdout.columns ?? 80, widest);
  // https://no-color.org: set and not empty
  const plain = Boolean(env['NO_COLOR']) || !live;
  let line = '';
  const lift = (): void => {
    if (line !== '') stderr.write(clearLine);
  };
  const lower = (): void => {
    if (line !== '') stderr.write(line);
  };
  const around = (stream: Stream, text: string): void => {
    lift();
    stream.write(text.endsWith('\n') ? text : `${text}\n`);
    lower();
  };
  return {
    live,
    columns,
    style: styles(!plain),
    out: (text) => around(stdout, text),
    raw: (text) => void stdout.write(text),
    notice: (text) => around(stderr, text),
    progress: (text) => {
      if (!live) return;
      lift();
      line = text.slice(0, columns - 1);
      lower();
    },
  };
}
