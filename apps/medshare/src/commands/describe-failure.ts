import { isProblem, problem, toProblemJson, type Problem } from '@medshare/problems';

/** Whatever a command threw as a problem that a person can act on. Foreign texts stay behind: they may quote what was read. */
export function describeFailure(caught: unknown): Problem {
  if (isProblem(caught)) return caught;
  const { code, where } = systemError(caught);
  const known = code === undefined ? undefined : systemErrors[code];
  if (known) return problem(known[0], { where, detail: known[1], cause: caught });
  if (caught instanceof Error && caught.name === 'ZodError')
    return problem('peer.refused', {
      detail: 'the answer is not of the expected shape; is it another release?',
      cause: caught,
    });
  return problem('internal', { detail: nameOf(caught), cause: caught });
}

const systemErrors: Readonly<
  Record<
    string,
    readonly [
      'peer.unavailable' | 'request.not-found' | 'request.conflict' | 'config.invalid' | 'storage.unavailable',
      string,
    ]
  >
> = {
  ECONNREFUSED: ['peer.unavailable', 'nothing listens there; start it with: medshare up --demo'],
  ECONNRESET: ['peer.unavailable', 'the connection was cut'],
  EPIPE: ['peer.unavailable', 'the connection was cut'],
  UND_ERR_SOCKET: ['peer.unavailable', 'the connection was cut'],
  ETIMEDOUT: ['peer.unavailable', 'no answer in time'],
  UND_ERR_HEADERS_TIMEOUT: ['peer.unavailable', 'no answer in time'],
  ENOTFOUND: ['peer.unavailable', 'no host of this name'],
  EADDRINUSE: ['config.invalid', 'the port is taken; choose others with --port-base, or stop what uses it'],
  EACCES: ['storage.unavailable', 'permission denied'],
  ENOENT: ['request.not-found', 'no such file or folder'],
  EISDIR: ['request.not-found', 'a folder, not a file'],
  EEXIST: ['request.conflict', 'it exists, and is not overwritten'],
  ENOSPC: ['storage.unavailable', 'the disk is full'],
};

interface SystemError {
  code?: string;
  path?: string;
  address?: string;
  port?: number;
  cause?: unknown;
  errors?: unknown[];
}

/** The innermost error of the operating system; `fetch` and happy eyeballs hide it. */
function systemError(caught: unknown, depth = 0): { code?: string; where?: string } {
  if (typeof caught !== 'object' || caught === null || depth > 5) return {};
  const { code, path, address, port, cause, errors } = caught as SystemError;
  const inner = systemError(errors?.[0] ?? cause, depth + 1);
  if (inner.code !== undefined && inner.code in systemErrors) return inner;
  const where = path ?? (port === undefined ? address : `${address ?? 'port'}:${port}`);
  return { ...(typeof code === 'string' && { code }), ...(where !== undefined && { where }) };
}

const nameOf = (caught: unknown): string =>
  `${caught instanceof Error ? caught.name : 'something'} was not expected; run again with MEDSHARE_CLI_DEBUG=1 for its trace`;

/** `code: where: text`, several mistakes on lines of their own. */
export function problemText(failure: Problem): string {
  const text = failure.detail ?? failure.title;
  const place = failure.where === undefined ? '' : `${failure.where}: `;
  const [first = '', ...more] = text.split('\n');
  if (more.length === 0) return `${failure.code}: ${place}${first}`;
  return [`${failure.code}: ${place}${failure.title}`, ...[first, ...more].map((line) => `  ${line}`)].join('\n');
}

export const problemDocument = (failure: Problem): object => ({ problem: toProblemJson(failure) });
