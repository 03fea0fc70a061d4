import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeFabric, type FabricDescription } from './fabric/describe-fabric.js';
import { brokersOf, kafkaSecret, kafkaUsers } from './servers/kafka.js';
import { baseUrl, issuerOf, keycloakAdmin } from './servers/keycloak-realm.js';
import { kuboNodes, kuboUser } from './servers/kubo.js';
import { postgresUrl } from './servers/postgres.js';
import { bucketOf, s3Endpoint, s3Secret } from './servers/s3.js';
import { institutions, type Stack } from './stack.js';

/** `<state>/stack.json`: where everything is, for programs. It names the files of secrets and holds none. */
export interface Description {
  readonly version: 1;
  readonly basePort: number;
  /** file with the certificate authority of all servers, PEM */
  readonly authority: string;
  readonly postgres: { readonly url: string; readonly passwordFile: string };
  readonly kafka: {
    readonly brokers: readonly string[];
    /** user → file of its password, for SASL SCRAM-SHA-512 */
    readonly users: Readonly<Record<string, string>>;
  };
  readonly keycloak: {
    readonly url: string;
    /** institution → issuer of its realm */
    readonly issuers: Readonly<Record<string, string>>;
    readonly adminUser: string;
    readonly adminPasswordFile: string;
  };
  readonly kubo: { readonly nodes: readonly string[]; readonly user: string; readonly passwordFile: string };
  readonly s3: {
    readonly endpoint: string;
    /** institution, which is also the access key → its bucket and the file of its secret */
    readonly buckets: Readonly<Record<string, { readonly bucket: string; readonly secretFile: string }>>;
  };
  /** there once it was brought up */
  readonly fabric?: FabricDescription;
}

export const descriptionFile = (state: string): string => join(state, 'stack.json');

export async function describeStack(stack: Stack): Promise<void> {
  const { places, certificates, secrets } = stack;
  const fabric = await describeFabric(stack);
  const description: Description = {
    version: 1,
    basePort: places.basePort,
    authority: certificates.authorityFile,
    postgres: {
      url: postgresUrl(stack, 'postgres', '', 'postgres'),
      passwordFile: join(places.state, 'postgres', 'password'),
    },
    kafka: {
      brokers: brokersOf(stack),
      users: Object.fromEntries(kafkaUsers.map((user) => [user, secrets.path(kafkaSecret(user))])),
    },
    keycloak: {
      url: baseUrl(stack),
      issuers: Object.fromEntries(institutions.map((id) => [id, issuerOf(stack, id)])),
      adminUser: keycloakAdmin.user,
      adminPasswordFile: secrets.path(keycloakAdmin.secret),
    },
    kubo: {
      nodes: kuboNodes.map((node) => `http://127.0.0.1:${stack.ports.kubo(node).api}`),
      user: kuboUser.user,
      passwordFile: secrets.path(kuboUser.secret),
    },
    s3: {
      endpoint: s3Endpoint(stack),
      buckets: Object.fromEntries(
        institutions.map((id) => [id, { bucket: bucketOf(id), secretFile: secrets.path(s3Secret(id)) }]),
      ),
    },
    ...(fabric && { fabric }),
  };
  await writeFile(descriptionFile(places.state), `${JSON.stringify(description, null, 2)}\n`);
}

export const readDescription = async (state: string): Promise<Description | undefined> => {
  const text = await readFile(descriptionFile(state), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Description);
};
