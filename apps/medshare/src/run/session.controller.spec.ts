import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock, systemRandom as random } from '@medshare/clock';
import { createOidcVerifier } from '@medshare/identity';
import { createEmbeddedProvider } from '@medshare/identity/embedded-oidc.driver';
import { consoleClient } from './public-url.js';
import { sessionContract } from './session.contract.js';

const person = { username: 'mei', password: 'correct horse battery' };

sessionContract('the embedded provider', async (publicUrl) => {
  const folder = await mkdtemp(join(tmpdir(), 'session-'));
  const uris = { redirectUris: [`${publicUrl}/session/callback`], signedOutUris: [`${publicUrl}/messages`] };
  const provider = await createEmbeddedProvider({
    baseUrl: publicUrl,
    institution: 'harbor',
    folder,
    clients: [{ clientId: consoleClient, ...uris }],
    clock,
    random,
  });
  await provider.users.put({ ...person, roles: ['clinician'] });
  const { issuer } = provider;
  return {
    issuer,
    person,
    verifier: createOidcVerifier({ issuer, institution: 'harbor', clock }),
    mount: (app) => provider.mount(app),
    close: () => rm(folder, { recursive: true }),
  };
});
