import { roleNames } from '@medshare/role';
import { createMetricsRegistry, type MetricsRegistry } from '@medshare/telemetry';
import type { Config } from '../config.js';
import type { Assembled } from './assemble.js';
import { policyFiles } from './files.js';
import { InstitutionModule } from './institution.module.js';

/** Stands for whatever a module asks of its context: modules only construct, so nothing of it is used. */
const anything: unknown = new Proxy(() => undefined, {
  get: (_, name) => given(name),
  apply: () => anything,
  construct: () => anything as object,
});

function given(name: string | symbol): unknown {
  if (name === 'policyFiles') return policyFiles;
  if (name === 'region') return { region: 'east', suite: 'intl', members: [], identifierSystems: [] };
  if (name === Symbol.toPrimitive) return () => 0;
  return name === Symbol.iterator || name === 'then' ? undefined : anything;
}

/** What a role's module is given; only its metrics are real. */
export const hollowContext = (registry: MetricsRegistry, role: string): never =>
  new Proxy(() => undefined, {
    get: (_, name) => (name === 'metrics' ? registry.forRole(role) : given(name)),
  }) as never;

const config = {
  mllp: { host: '127.0.0.1', port: 0, maxMessageBytes: 1024, feeds: [] },
  limits: { bodyBytes: 1024 },
} as unknown as Config;

/** The application with all roles, for who asks what is there; nothing of it runs. */
export const hollowInstitution = (registry = createMetricsRegistry()) =>
  InstitutionModule.register(config, {
    verifier: anything,
    ledger: anything,
    oprfShare: new Uint8Array(32),
    databases: [],
    metrics: registry,
    contexts: new Map(roleNames.map((role) => [role, hollowContext(registry, role)])),
  } as unknown as Assembled);
