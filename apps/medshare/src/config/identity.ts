import { z } from 'zod';

// The section `identity`: who vouches for people and programs, and how what it says is checked.

const path = z.string().min(1).max(4096);
const issuerPattern = /^https?:\/\/[^?#@]+[^/?#@]$/;

export const identitySection = z.strictObject({
  issuer: z
    .string()
    .max(2048)
    .refine((url) => URL.canParse(url) && issuerPattern.test(url), 'must be an http or https URL without a final slash')
    .describe('`iss` of the tokens that are believed, e.g. `https://sso.harbor.example/realms/harbor`.'),
  driver: z
    .enum(['oidc', 'keycloak'])
    .default('oidc')
    .describe(
      '`keycloak`: a realm of Keycloak, checked with its own adapter; `oidc`: any provider whose tokens have Keycloak’s shape, and the one in this process.',
    ),
  audience: z.string().min(1).max(255).default('medshare').describe('`aud` that tokens must carry.'),
  authorities: path
    .optional()
    .describe("File with the authorities of the provider's certificate (PEM); the system's when left out."),
  keyMaxAge: z
    .int()
    .min(1000)
    .max(86_400_000)
    .default(600_000)
    .describe(
      'Milliseconds after which the provider’s signing keys are looked up anew: how long a withdrawn key still counts, and how long tokens are believed while the provider is away.',
    ),
  embedded: z
    .boolean()
    .default(false)
    .describe('Whether this process serves the issuer itself, with accounts below `data`; for trying out.'),
});

type Identity = z.output<typeof identitySection>;

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Realm and base URL of an issuer of Keycloak; undefined for what is no such URL. */
export function realmOf(issuer: string): { baseUrl: string; realm: string } | undefined {
  const [, baseUrl, realm] = /^(.+)\/realms\/([A-Za-z0-9._-]{1,255})$/.exec(issuer) ?? [];
  return baseUrl === undefined || realm === undefined ? undefined : { baseUrl, realm };
}

export function identityRules({ identity }: { identity: Identity }, context: z.RefinementCtx): void {
  const { issuer, driver, embedded } = identity;
  const mistake = (key: string, message: string) =>
    context.addIssue({ code: 'custom', path: ['identity', key], message });
  // whoever can change the keys on their way can sign any token
  if (URL.canParse(issuer) && issuer.startsWith('http:') && !loopback.test(new URL(issuer).hostname))
    mistake('issuer', 'must be https for a provider on another machine');
  if (driver === 'keycloak' && embedded) mistake('driver', 'must be oidc for the provider in this process');
  if (driver === 'keycloak' && !realmOf(issuer)) mistake('issuer', 'must end in /realms/ and the name of the realm');
}
