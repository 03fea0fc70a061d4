import { fromProblemJson, Problem, type ProblemCode, type ProblemOptions } from '@medshare/problems';

/** A problem met at, or on the way to, another institution or role. */
export class RemoteProblem extends Problem {
  /** Who answered, or did not. */
  readonly institution: string;

  constructor(code: ProblemCode, institution: string, options: ProblemOptions = {}) {
    super(code, { where: institution, ...options });
    this.institution = institution;
  }
}

/** The same problem that the other side threw. `where` keeps its meaning there. */
export function remoteProblem(body: unknown, institution: string): RemoteProblem {
  const { code, where, detail } = fromProblemJson(body);
  return new RemoteProblem(code, institution, { where, detail });
}

/** TLS failures that say "not who it must be" rather than "not there". */
const untrusted =
  /^(ERR_TLS_CERT|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH|ERR_SSL_.*(ALERT|CERT)|ERR_PEER_)/;

/** What a failed connection means. No text of the system's error reaches the message. */
export function connectionProblem(cause: unknown, institution: string): RemoteProblem {
  const { code, name } = (cause ?? {}) as { code?: unknown; name?: unknown };
  const label = typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown';
  return new RemoteProblem(untrusted.test(label) ? 'peer.untrusted' : 'peer.unavailable', institution, {
    detail: label,
    cause,
  });
}
