import { Agent, request } from 'undici';
import { readSecretFile } from '@medshare/keys/secret-file';
import { isProblem, problem, type Problem } from '@medshare/problems';
import type { Ask, BackendTokens } from './backend-tokens.js';
import type { FhirServer } from './ingest.config.js';
import { readClientTls } from './read-tls.js';

/** For one answer, ms. */
const timeoutMs = 30_000;
/** Bytes of an answer about tokens at most. */
const maxTokenBytes = 65_536;

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
  private readonly base: string;

  private constructor(
    private readonly server: FhirServer,
    private readonly agent: Agent,
    private readonly tokens: BackendTokens,
    private readonly maxBytes: number,
  ) {
    this.base = new URL(server.baseUrl).href.replace(/\/+$/, '');
  }

  /** @throws Problem config.invalid when a file cannot be read */
  static async open(server: FhirServer, tokens: BackendTokens, maxBytes: number): Promise<FhirServerClient> {
    const { ca, cert, key, serverName } = await readClientTls(server.tls ?? {});
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
    return new FhirServerClient(server, agent, tokens, maxBytes);
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  /**
   * @param address below the base (`Patient/1`), or absolute as the server itself told it (the next page)
   * @returns the answer, also a refusal
   * @throws Problem source.unavailable and source.no-token for what may be better later, source.invalid for what is no answer, config.invalid
   */
  async get(address: string): Promise<Answer> {
    const url = this.within(address);
    const { backendService } = this.server;
    let { status, ...answer } = await this.asAllowed(url);
    if (status === 401 && backendService) {
      // tokens can end before their time
      this.tokens.forget(this.server, backendService);
      ({ status, ...answer } = await this.asAllowed(url));
    }
    if (isPassing(status)) throw problem('source.unavailable', { detail: `it answers ${status}` });
    if (status !== 200) return { status, bytes: new Uint8Array() };
    if (!/^application\/(fhir\+)?json\b/i.test(answer.type)) throw invalid('not application/fhir+json');
    return { status, bytes: answer.bytes };
  }

  private async asAllowed(url: URL): Promise<Received> {
    const token = await this.token();
    const headers = {
      accept: 'application/fhir+json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    return this.request(url, { headers }, this.maxBytes);
  }

  private async token(): Promise<string | undefined> {
    const { tokenFile, backendService } = this.server;
    if (tokenFile !== undefined) return readToken(tokenFile);
    return backendService && this.tokens.of(this.server, backendService, this.ask);
  }

  private readonly ask: Ask = async (url, init) => {
    const headers = { accept: 'application/json' };
    const form = init && {
      method: 'POST' as const,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: init.form.toString(),
    };
    const { status, bytes } = await this.request(url, form ?? { headers }, maxTokenBytes, true);
    return { status, body: parsed(bytes) };
  };

  /** @param refusals whether what a refusal says is read, too */
  private async request(
    url: URL,
    options: { method?: 'POST'; headers: Record<string, string>; body?: string },
    maxBytes: number,
    refusals = false,
  ): Promise<Received> {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const { statusCode: status, headers, body } = await request(url, { ...options, dispatcher: this.agent, signal });
      const type = String(headers['content-type']);
      if (status === 200 || refusals) return { status, type, bytes: await read(body, maxBytes) };
      body.on('error', () => undefined).destroy();
      if (status >= 300 && status < 400) throw invalid('a redirect, which is not followed');
      return { status, type, bytes: new Uint8Array() };
    } catch (caught) {
      // the cause names hosts and nothing of patients; the address may
      throw isProblem(caught) ? caught : problem('source.unavailable', { cause: caught });
    }
  }

  private within(address: string): URL {
    const absolute = /^https?:/i.test(address) ? address : `${this.base}/${address}`;
    const url = URL.canParse(absolute) ? new URL(absolute) : undefined;
    const below = url && [`${this.base}/`, `${this.base}?`].some((start) => url.href.startsWith(start));
    if (below && url.username === '' && url.password === '') return url;
    throw invalid('an address that is not below the base URL');
  }
}

interface Received extends Answer {
  /** of its content */
  readonly type: string;
}

async function read(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > maxBytes) throw invalid(`more than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
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
