import { Agent, request } from 'undici';
import { readSecretFile } from '@medshare/keys/secret-file';
import { isProblem, problem, type Problem } from '@medshare/problems';
import type { FhirServer } from './ingest.config.js';
import { readClientTls } from './read-tls.js';

/** For one answer, ms. */
const timeoutMs = 30_000;

export interface Answer {
  readonly status: number;
  /** empty for a refusal: its words are not kept */
  readonly bytes: Uint8Array;
}

/**
 * Reads from a feed's FHIR server, and from nothing else: an address that does not lie below the configured base is refused before
 * anything is sent, and redirects are not followed. Size and time are bounded; the token is sent in a header and told to nobody.
 */
export class FhirServerClient {
  private constructor(
    private readonly base: string,
    private readonly agent: Agent,
    private readonly headers: Readonly<Record<string, string>>,
    private readonly maxBytes: number,
  ) {}

  /** @throws Problem config.invalid when a file cannot be read */
  static async open({ baseUrl, tokenFile, tls }: FhirServer, maxBytes: number): Promise<FhirServerClient> {
    const { ca, cert, key, serverName } = await readClientTls(tls ?? {});
    const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
    const agent = new Agent({
      connections: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: {
        timeout: 10_000,
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(serverName !== undefined && { servername: serverName }),
      },
    });
    const headers = { accept: 'application/fhir+json', ...(token && { authorization: `Bearer ${token}` }) };
    return new FhirServerClient(new URL(baseUrl).href.replace(/\/+$/, ''), agent, headers, maxBytes);
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  /**
   * @param address below the base (`Patient/1`), or absolute as the server itself told it (the next page)
   * @returns the answer, also a refusal
   * @throws Problem source.unavailable for what may be better later, source.invalid for what is no answer
   */
  async get(address: string): Promise<Answer> {
    const url = this.within(address);
    try {
      const {
        statusCode: status,
        headers,
        body,
      } = await request(url, {
        dispatcher: this.agent,
        headers: this.headers,
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (status !== 200) {
        body.on('error', () => undefined).destroy();
        if (status >= 300 && status < 400) throw invalid('a redirect, which is not followed');
        if (isPassing(status)) throw problem('source.unavailable', { detail: `it answers ${status}` });
        return { status, bytes: new Uint8Array() };
      }
      if (!/^application\/(fhir\+)?json\b/i.test(String(headers['content-type'])))
        throw invalid('not application/fhir+json');
      return { status, bytes: await this.read(body) };
    } catch (caught) {
      // the cause names hosts and nothing of patients; the address may
      throw isProblem(caught) ? caught : problem('source.unavailable', { cause: caught });
    }
  }

  private async read(body: AsyncIterable<Uint8Array> & { destroy(): unknown }): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of body) {
      size += piece.length;
      if (size > this.maxBytes) throw invalid(`more than ${this.maxBytes} bytes`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces, size);
  }

  private within(address: string): URL {
    const absolute = /^https?:/i.test(address) ? address : `${this.base}/${address}`;
    const url = URL.canParse(absolute) ? new URL(absolute) : undefined;
    const below = url && [`${this.base}/`, `${this.base}?`].some((start) => url.href.startsWith(start));
    if (below && url.username === '' && url.password === '') return url;
    throw invalid('an address that is not below the base URL');
  }
}

const invalid = (detail: string): Problem => problem('source.invalid', { detail });

/** What time or an operator of the server changes: nobody has to do anything here then. */
const isPassing = (status: number): boolean =>
  (status >= 500 && status !== 501) || [401, 403, 408, 425, 429].includes(status);

/** @throws Problem config.invalid */
async function readToken(path: string): Promise<string> {
  const token = (await readSecretFile(path)).toString('utf8').trim();
  if (/^[!-~]{1,8000}$/.test(token)) return token;
  throw problem('config.invalid', { where: path, detail: 'not a bearer token' });
}
