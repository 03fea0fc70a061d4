import { createSecureContext } from 'node:tls';
import { Pool, type Dispatcher } from 'undici';
import type { Random } from '@medshare/clock';
import type { PeerRoute } from '@medshare/events/route';
import { isProblem, problem } from '@medshare/problems';
import { currentTraceparent, isInStep, traced } from '@medshare/telemetry';
import { readBounded } from './bounded-body.js';
import { checkAuthorities, checkCredentials, identityOf, splitPem } from './certificate.js';
import type { Authorities } from './peer.js';
import { connectionProblem, RemoteProblem, remoteProblem } from './remote-problem.js';

/** Attempts at an idempotent call whose connection fails, the first included. */
const attempts = 3;
/** Upper bound of the wait before the second attempt, doubled for the third, in ms; the wait itself is uniformly random. */
const backoff = 100;
/** Connections to one institution at most. */
const connections = 16;
/** Bytes read of an error's body. */
const maxProblemBytes = 64 * 1024;

/** Base URL (`https://host:port`) of a peer server that answers for all roles, or of each role's. */
export type PeerUrls = string | Readonly<Record<string, string>>;

export interface PeersOptions {
  /** The own institution's id. */
  self: string;
  /** Private key and certificate of this process, PEM. */
  key: string;
  cert: string;
  authorities: Authorities;
  /** Where each institution's peer server is, the own one included. */
  urls: ReadonlyMap<string, PeerUrls>;
  /** Milliseconds for a whole call, retries included; for a stream, between two pieces of it. */
  timeoutMs: number;
  /** Spreads retries. */
  random: Random;
}

/** Calls other institutions, and other roles of the own one, over mutual TLS. One keep-alive pool an address. */
export class Peers {
  readonly self: string;
  readonly #options: PeersOptions;
  readonly #pools = new Map<string, Pool>();

  /** @throws Problem config.invalid when key and certificate are not one another's, or an authority stands under a name that is not its own */
  constructor(options: PeersOptions) {
    checkCredentials(options);
    checkAuthorities(options.authorities);
    this.self = options.self;
    this.#options = options;
  }

  /**
   * @param institution who is called; the own id for own roles
   * @returns the answer, checked against the route's schema
   * @throws Problem the one the other side threw (as RemoteProblem), peer.unavailable, peer.untrusted, request.timeout, or
   *   peer.refused for an answer that is not what the route says
   */
  call<Req, Res>(route: PeerRoute<Req, Res>, institution: string, body: Req): Promise<Res> {
    if (!isInStep()) return this.#call(route, institution, body);
    const options = { kind: 'client', attributes: { 'medshare.peer': institution } } as const;
    return traced(`call ${route.name}`, { institution: this.self }, options, () =>
      this.#call(route, institution, body),
    );
  }

  async #call<Req, Res>(route: PeerRoute<Req, Res>, institution: string, body: Req): Promise<Res> {
    const payload = JSON.stringify(body);
    if (Buffer.byteLength(payload) > route.maxBytes) throw problem('request.too-large', { where: route.name });
    const signal = AbortSignal.timeout(this.#options.timeoutMs);
    const request = {
      method: 'POST',
      path: route.path,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...tracing() },
      body: payload,
      signal,
    } as const;
    const response = await this.#send(institution, request, route.idempotent ? attempts : 1);
    return this.#guarded(institution, () => answerOf(route, institution, response));
  }

  /** GET of a byte stream, e.g. ciphertext. The caller bounds its length; silence longer than the time-out ends it. */
  async *stream(institution: string, path: string): AsyncIterable<Uint8Array> {
    const { body } = await this.#send(institution, { method: 'GET', path }, attempts);
    try {
      for await (const piece of body) yield piece as Uint8Array;
    } catch (cause) {
      throw isProblem(cause) ? cause : connectionProblem(cause, institution);
    } finally {
      abandon(body);
    }
  }

  /** Ends all connections once their calls are answered. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    this.#pools.clear();
  }

  async #send(
    institution: string,
    request: Dispatcher.RequestOptions,
    tries: number,
  ): Promise<Dispatcher.ResponseData> {
    const pool = this.#poolOf(institution, request.path);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await pool.request(request);
        if (response.statusCode !== 200) throw await refusalOf(institution, response);
        return response;
      } catch (cause) {
        const failure = isProblem(cause) ? cause : this.#failure(cause, institution);
        if (attempt >= tries || isProblem(cause) || failure.code !== 'peer.unavailable') throw failure;
      }
      await this.#pause(attempt);
    }
  }

  async #guarded<T>(institution: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (cause) {
      throw isProblem(cause) ? cause : this.#failure(cause, institution);
    }
  }

  #failure(cause: unknown, institution: string): RemoteProblem {
    const { name, code } = cause as { name?: string; code?: string };
    const slow = name === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
    return slow ? new RemoteProblem('request.timeout', institution, { cause }) : connectionProblem(cause, institution);
  }

  #pause(attempt: number): Promise<void> {
    const [high = 0, low = 0] = this.#options.random.bytes(2);
    const share = (high * 256 + low) / 65_536;
    return new Promise((resolve) => setTimeout(resolve, share * backoff * attempt));
  }

  #poolOf(institution: string, path: string): Pool {
    const { urls, authorities, key, cert, timeoutMs } = this.#options;
    const found = urls.get(institution);
    const url = typeof found === 'string' ? found : found?.[roleOf(path)];
    const place = `${institution} ${url}`;
    const known = this.#pools.get(place);
    if (known) return known;
    const ca = authorities.get(institution);
    if (url === undefined || ca === undefined)
      throw new RemoteProblem('peer.unavailable', institution, { detail: 'no address or authority is configured' });
    const pool = new Pool(url, {
      connections,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: timeoutMs, ...tlsTo(institution, { key, cert, ca }) },
    });
    this.#pools.set(place, pool);
    return pool;
  }
}

/** Paths are `/peer/<role>/…` and `/internal/<role>/…`. */
const roleOf = (path: string): string => path.split('/')[2] ?? '';

/** W3C Trace Context: the other side's steps belong to the running one. */
const tracing = (): { traceparent?: string } => {
  const traceparent = currentTraceparent();
  return traceparent === undefined ? {} : { traceparent };
};

/**
 * Only the institution's own authority counts, and the certificate must name the institution: whoever answers at the
 * address is that institution or nobody. The host name proves nothing and is not asked.
 */
const tlsTo = (institution: string, { key, cert, ca }: { key: string; cert: string; ca: string }) => ({
  // read once, not at every connection: who is away is asked often
  secureContext: createSecureContext({ key, cert, ca: splitPem(ca), minVersion: 'TLSv1.3' }),
  servername: institution,
  rejectUnauthorized: true,
  // a resumed session would skip the identity check
  maxCachedSessions: 0,
  checkServerIdentity: (_host: string, certificate: { raw: Buffer }): Error | undefined => {
    try {
      return identityOf(certificate.raw).institution === institution
        ? undefined
        : new RemoteProblem('peer.untrusted', institution, { detail: 'the certificate names another institution' });
    } catch (caught) {
      return caught as Error;
    }
  },
});

/** Lets go of an answer; that it ends early is no failure any more. */
const abandon = (body: Dispatcher.ResponseData['body']): unknown => body.on('error', () => undefined).destroy();

async function refusalOf(institution: string, { headers, body }: Dispatcher.ResponseData): Promise<RemoteProblem> {
  const bytes = await readBounded(body, maxProblemBytes);
  if (bytes === undefined) abandon(body);
  if (!String(headers['content-type']).startsWith('application/problem+json'))
    return new RemoteProblem('peer.refused', institution, { detail: 'an error without a problem' });
  return remoteProblem(parse(bytes), institution);
}

async function answerOf<Req, Res>(
  route: PeerRoute<Req, Res>,
  institution: string,
  { body }: Dispatcher.ResponseData,
): Promise<Res> {
  const refuse = (detail: string) => new RemoteProblem('peer.refused', institution, { where: route.name, detail });
  const bytes = await readBounded(body, route.maxResponseBytes);
  if (bytes === undefined) abandon(body);
  if (bytes === undefined) throw refuse('the answer is larger than allowed');
  const answer = route.response.safeParse(parse(bytes));
  if (!answer.success)
    throw refuse(`the answer is not of its schema at ${answer.error.issues[0]?.path.join('.') ?? ''}`);
  return answer.data;
}

/** @returns undefined for what is not JSON, which no schema accepts */
function parse(bytes: Uint8Array | undefined): unknown {
  try {
    return bytes && (JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown);
  } catch {
    return undefined;
  }
}
