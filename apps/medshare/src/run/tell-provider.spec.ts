import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '@medshare/testkit';
import { tellProvider } from './tell-provider.js';

describe('what is said at start of the provider of sign-ins', () => {
  const said = async (identity: { issuer: string; embedded?: boolean }) => {
    const lines: [object, string][] = [];
    const logger = { warn: (of: object, text: string) => void lines.push([of, text]) };
    await tellProvider({ identity: { embedded: false, ...identity } as never }, logger as never);
    return lines;
  };
  const where = { code: 'peer.unavailable', where: 'identity' };
  const expected =
    'nobody can sign in until the provider is there: no signing keys: identity.issuer does not give them';

  it('is that nobody answers, and which setting to look at', async () => {
    const found = await said({ issuer: `http://127.0.0.1:${await freePort()}/realms/harbor` });
    expect(found).toEqual([[where, `${expected} (ECONNREFUSED)`]]);
  });

  it('is that there is no such realm; nothing where it answers, or is in this process', async () => {
    const server = createServer(({ url }, response) =>
      response.writeHead(url?.startsWith('/realms/harbor/') ? 200 : 404).end('{"keys":[]}'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms`;
    expect(await said({ issuer: `${base}/nowhere` })).toEqual([[where, expected]]);
    expect(await said({ issuer: `${base}/harbor` })).toEqual([]);
    expect(await said({ issuer: `${base}/nowhere`, embedded: true })).toEqual([]);
    server.closeAllConnections();
    server.close();
  });
});
