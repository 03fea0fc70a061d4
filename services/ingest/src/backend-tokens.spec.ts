import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '@medshare/clock';
import { exportJWK, generateKeyPair } from 'jose';
import { BackendTokens } from './backend-tokens.js';
import { FhirServerClient } from './fhir-server.js';
import { FhirSource } from './fixture/fhir-source.fixture.js';
import { fhirSource } from './ingest.config.js';

describe('a FHIR server that knows medshare as a backend service', () => {
  let folder: string;
  let source: FhirSource;
  let now = Date.now();
  const parts = { clock: { now: () => now }, random: systemRandom };
  const keyFile = () => join(folder, 'key.json');

  const newKey = async () => {
    const { privateKey } = await generateKeyPair('ES384', { extractable: true });
    const { d, ...open } = { ...(await exportJWK(privateKey)), kid: 'k1', alg: 'ES384' } as const;
    return { own: { ...open, d }, jwks: { keys: [open] } };
  };
  const asked = (part: string) => source.asked.filter((url) => url.includes(part)).length;
  const connect = (tokens: BackendTokens, change: object = {}) => {
    const backendService = { clientId: 'medshare-harbor', keyFile: keyFile(), ...change };
    const server = fhirSource.parse({ baseUrl: source.base, allowHttp: true, backendService });
    return FhirServerClient.open(server, tokens, 1_000_000);
  };
  /** As fetches do: each with a client of its own. */
  const read = async (tokens: BackendTokens, change?: object) => {
    const client = await connect(tokens, change);
    return client.get('Patient/a').finally(() => client.close());
  };

  beforeEach(async () => {
    now = Date.now();
    folder = await mkdtemp(join(tmpdir(), 'medshare-backend-'));
    source = await FhirSource.open();
    source.change({ resourceType: 'Patient', id: 'a' });
    const { own, jwks } = await newKey();
    await writeFile(keyFile(), JSON.stringify(own), { mode: 0o600 });
    source.registered = { clientId: 'medshare-harbor', jwks, expiresIn: 300 };
    source.token = 'nobody has it yet';
  });
  afterEach(async () => {
    await source.close();
    await rm(folder, { recursive: true });
  });

  it('gives a token for a signed assertion, used until shortly before its end', async () => {
    source.registered!.expiresIn = 40;
    const tokens = new BackendTokens(parts);
    expect((await read(tokens)).status).toBe(200);
    now += 24_000;
    expect((await read(tokens)).status).toBe(200);
    expect([asked('smart-configuration'), asked('/token')]).toEqual([1, 1]);
    now += 2_000;
    expect((await read(tokens)).status).toBe(200);
    expect(asked('/token')).toBe(2);
  });

  it('is asked for another when it no longer takes one, once', async () => {
    const tokens = new BackendTokens(parts);
    await read(tokens);
    source.token = 'revoked';
    expect((await read(tokens)).status).toBe(200);
    expect(asked('/token')).toBe(2);
  });

  it('is asked where the configuration says, without discovery', async () => {
    const tokens = new BackendTokens(parts);
    expect((await read(tokens, { tokenUrl: `${source.base}/token` })).status).toBe(200);
    expect(asked('smart-configuration')).toBe(0);
  });

  it.each([
    ['another client', { clientId: 'somebody' }],
    ['an assertion for another endpoint', { tokenUrl: 'ALIAS' }],
  ])('gives none to %s, and its reason is told', async (_, change) => {
    const alias = source.base.replace('127.0.0.1', 'localhost');
    const given = 'tokenUrl' in change ? { tokenUrl: `${alias}/token` } : change;
    await expect(read(new BackendTokens(parts), given)).rejects.toMatchObject({
      code: 'source.no-token',
      detail: expect.stringContaining('401: invalid_client'),
    });
  });

  it('gives none for a key that is not registered', async () => {
    await writeFile(keyFile(), JSON.stringify((await newKey()).own));
    await expect(read(new BackendTokens(parts))).rejects.toMatchObject({
      code: 'source.no-token',
    });
    expect(source.assertions.size).toBe(0);
  });

  it.each([
    ['is no key', 'secret words', 0o600],
    ['others may read', undefined, 0o644],
  ])('is not asked with a file that %s; nothing of the file is repeated', async (_, content, mode) => {
    const { own } = await newKey();
    await rm(keyFile());
    await writeFile(keyFile(), content ?? JSON.stringify(own), { mode });
    const refused = await read(new BackendTokens(parts)).catch((caught: unknown) => caught);
    expect(refused).toMatchObject({ code: 'config.invalid', where: keyFile() });
    const { message, cause } = refused as Error;
    expect(`${message} ${String(cause)}`).not.toContain('secret words');
    expect(source.asked.filter((url) => url.endsWith('/token'))).toEqual([]);
  });

  it('is not sent an assertion in the clear unless plain HTTP is allowed', async () => {
    const named = (tokenUrl?: string) => ({
      baseUrl: 'https://ehr.example.org/fhir',
      backendService: { clientId: 'c', keyFile: keyFile(), tokenUrl },
    });
    const endpoint = 'http://ehr.example.org/token';
    expect(fhirSource.safeParse(named(endpoint)).error?.issues).toMatchObject([
      { message: 'tokenUrl must be https, or say allowHttp' },
    ]);
    const server = fhirSource.parse(named());
    const tokens = new BackendTokens(parts);
    const ask = (url: URL) =>
      url.pathname.endsWith('smart-configuration')
        ? Promise.resolve({ status: 200, body: { token_endpoint: endpoint } })
        : Promise.reject(new Error('nothing more may be asked'));
    await expect(tokens.of(server, server.backendService!, ask)).rejects.toMatchObject({
      code: 'source.no-token',
      detail: 'its token endpoint is not https',
    });
  });
});
