import { isProblem, problem } from '@medshare/problems';

/** SQLSTATE classes and codes (PostgreSQL appendix A) of a server that cannot serve now but may later. */
const unavailableStates = /^(08...|53...|57P0[1-5]|58...|25006|28...|3D000)$/;
const unavailableErrno = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** what pg says in words only */
const unavailableText =
  /Connection terminated|connection error and is not queryable|timeout exceeded when trying to connect|Cannot use a pool after calling end|Query read timeout/;

/** what pg and node throw, by shape: an error of another realm is no `instanceof Error` */
const shapeOf = (caught: unknown) =>
  (typeof caught === 'object' && caught !== null ? caught : {}) as {
    code?: unknown;
    message?: unknown;
    errors?: unknown;
  };

/** @returns the SQLSTATE or errno of what pg threw, if it has one */
export const codeOf = (caught: unknown): string | undefined => {
  const { code } = shapeOf(caught);
  return typeof code === 'string' ? code : undefined;
};

/** True when the connection or the server is at fault, not the statement. */
export const isUnavailable = (caught: unknown): boolean => {
  const { errors, message } = shapeOf(caught);
  if (Array.isArray(errors) && errors.some(isUnavailable)) return true;
  const code = codeOf(caught);
  if (code !== undefined) return unavailableErrno.has(code) || unavailableStates.test(code);
  return typeof message === 'string' && unavailableText.test(message);
};

/** Serialisation failure (40001) or deadlock (40P01): the same transaction may succeed when run again. */
export const isRetriable = (caught: unknown): boolean => ['40001', '40P01'].includes(codeOf(caught) ?? '');

/** What to throw for what pg threw: a connection's fault becomes Problem `storage.unavailable`, the rest stays itself. */
export const storageProblem = (caught: unknown): unknown => {
  if (isProblem(caught)) return caught;
  if (isUnavailable(caught)) return problem('storage.unavailable', { where: codeOf(caught), cause: caught });
  return isRetriable(caught)
    ? problem('storage.unavailable', { detail: 'too many concurrent changes', cause: caught })
    : caught;
};

/** What TLS says of a certificate that it does not believe (Node's documentation, TLS/SSL, X509 certificate error codes). */
const certificateCode = /^(CERT_|ERR_TLS_CERT|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|INVALID_)/;

/**
 * Why a server will not let us in however often we ask: the words of a mistake in the configuration.
 * @returns undefined for everything else, e.g. a server that is away
 */
export const refusedConnection = (caught: unknown): string | undefined => {
  const { code, message } = shapeOf(isProblem(caught) ? caught.cause : caught);
  if (typeof code === 'string') {
    if (/^28/.test(code)) return `the server refuses the user or its password (${code})`;
    if (code === '3D000') return 'the server has no such database (3D000)';
    if (certificateCode.test(code)) return `the server’s certificate is not believed (${code})`;
    if (code === 'ENOENT' || code === 'EACCES') return `a file that the URL names cannot be read (${code})`;
  }
  if (/does not support SSL/.test(String(message))) return 'the server speaks no TLS';
  return undefined;
};
