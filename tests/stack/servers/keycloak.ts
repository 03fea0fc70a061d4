import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDatabase } from '@medshare/database/embedded/ensure-database';
import { whyNot200 } from '../get.js';
import { folderOf, onPath, tool } from '../install.js';
import type { Launch, Package, StackServer } from '../server.js';
import type { Stack } from '../stack.js';
import { furnishKeycloak, keycloakAdmin } from './keycloak-realm.js';
import { postgresAdminUrl } from './postgres.js';

const keycloakPackage: Package = {
  name: 'keycloak',
  version: '26.7.3',
  async install(folder, note) {
    for (const program of ['java', 'mvn'])
      if (!(await onPath(program)))
        throw new Error(`${program} is not on the PATH: a JDK of 17 or newer and Maven are needed`);
    const artifact = `org.keycloak:keycloak-quarkus-dist:${keycloakPackage.version}:tar.gz`;
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
    await tool('mvn', ['-q', '-B', '-C', goal, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]);
    const archive = join(folder, `keycloak-quarkus-dist-${keycloakPackage.version}.tar.gz`);
    await tool('tar', ['-xzf', archive, '-C', folder, '--strip-components=1']);
    await rm(archive);
    note('fetched; building for PostgreSQL');
    await tool(join(folder, 'bin', 'kc.sh'), [
      'build',
      '--db=postgres',
      '--health-enabled=true',
      '--metrics-enabled=true',
    ]);
  },
};

const home = ({ places }: Stack): string => join(places.state, 'keycloak');

/** Keycloak, its data in the stack's PostgreSQL. Tokens are asked for and checked at the https port. */
export function keycloak(stack: Stack): StackServer {
  const { management } = stack.ports.keycloak;
  return {
    name: 'keycloak',
    version: keycloakPackage.version,
    package: keycloakPackage,
    after: ['postgres'],
    ports: stack.ports.keycloak,
    patience: 600_000,
    prepare: () => prepare(stack),
    async whyNot() {
      const ca = await readFile(stack.certificates.authorityFile, 'utf8').catch(() => '');
      return whyNot200(`https://127.0.0.1:${management}/health/ready`, ca);
    },
    furnish: () => furnishKeycloak(stack),
  };
}

async function prepare(stack: Stack): Promise<Launch> {
  const installed = folderOf(stack.places.cache, keycloakPackage);
  const { key, cert, authority } = await stack.certificates.of('keycloak');
  const password = await stack.secrets.get('postgres-keycloak');
  await ensureDatabase(await postgresAdminUrl(stack), { name: 'keycloak', user: 'keycloak', password });
  await layHome(home(stack), installed);
  const { https, http, management } = stack.ports.keycloak;
  const { user, secret } = keycloakAdmin;
  return {
    // what bin/kc.sh runs, without the script between: the process that is known is the one that serves, and can be killed
    command: 'java',
    args: [
      ...['-Xms64m', '-Xmx512m', '-XX:MaxMetaspaceSize=256m', '-XX:+ExitOnOutOfMemoryError', '-Dfile.encoding=UTF-8'],
      ...['java.util', 'java.util.concurrent', 'java.security', 'java.lang'].map(
        (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
      ),
      '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory',
      '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
      '-Dpicocli.disable.closures=true',
      `-Dkc.home.dir=${home(stack)}`,
      `-Djboss.server.config.dir=${join(home(stack), 'conf')}`,
      ...['-cp', join(home(stack), 'lib', 'quarkus-run.jar'), 'io.quarkus.bootstrap.runner.QuarkusEntryPoint'],
      ...['start', '--optimized', '--http-enabled=true', '--hostname-strict=false', '--http-host=127.0.0.1'],
      ...[`--http-port=${http}`, `--https-port=${https}`, `--http-management-port=${management}`],
      ...[`--https-certificate-file=${cert}`, `--https-certificate-key-file=${key}`],
    ],
    env: {
      KC_DB_URL: `jdbc:postgresql://127.0.0.1:${stack.ports.postgres}/keycloak?sslmode=verify-full&sslrootcert=${authority}`,
      KC_DB_USERNAME: 'keycloak',
      KC_DB_PASSWORD: password,
      KC_BOOTSTRAP_ADMIN_USERNAME: user,
      KC_BOOTSTRAP_ADMIN_PASSWORD: await stack.secrets.get(secret),
    },
  };
}

/** A home of its own over what is installed: it keeps its transaction logs and caches in `data`, and several stacks may run. */
async function layHome(folder: string, installed: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const part of ['lib', 'providers', 'conf', 'themes']) {
    await rm(join(folder, part), { force: true });
    await symlink(join(installed, part), join(folder, part));
  }
}
