import type { DocumentedHandler, Documentation } from './documented.js';
import { routeOf } from './route-of.js';

/** What of this server stands in no route. */
export interface Server {
  readonly version: string;
  /** of the release, `YYYY-MM-DD` */
  readonly date: string;
}

interface Claim {
  readonly type: string;
  readonly code: string;
  readonly fhir: NonNullable<Documentation['fhir']>;
}

/** What a route on a resource type is called in FHIR's own words (http://hl7.org/fhir/R4/http.html). */
const interactions: Readonly<Record<string, string>> = {
  'get ': 'search-type',
  'post ': 'create',
  'get /{}': 'read',
  'put /{}': 'update',
  'patch /{}': 'patch',
  'delete /{}': 'delete',
  'get /{}/_history': 'history-instance',
  'get /{}/_history/{}': 'vread',
};

/**
 * A CapabilityStatement (http://hl7.org/fhir/R4/capabilitystatement.html, kind instance) that claims what the public handlers do, and nothing
 * else. `Documentation.fhir` says what a route's path cannot.
 */
export function makeCapabilities(handlers: readonly DocumentedHandler[], { version, date }: Server): object {
  const routes = handlers.flatMap(({ controller, handler, documentation }) => {
    const route = documentation.peers ? undefined : routeOf(controller, handler);
    return route ? [{ ...route, fhir: documentation.fhir ?? {} }] : [];
  });
  const claims = routes.flatMap(({ method, path, fhir }): Claim[] => {
    const [, type, rest = ''] = /^\/fhir\/([A-Z][A-Za-z]+|\{type\})((?:\/[^/]+)*)$/.exec(path) ?? [];
    const code = interactions[`${method} ${rest.replace(/\{\w+\}/g, '{}')}`];
    if (type === undefined || code === undefined) return [];
    return (type === '{type}' ? (fhir.types ?? []) : [type]).map((each) => ({ type: each, code, fhir }));
  });
  const system = routes.flatMap(({ fhir }) => fhir.system ?? []);
  const operations = routes.flatMap(({ path, fhir: { operation } }) =>
    operation === undefined ? [] : [{ name: path.replace(/^.*\$/, ''), definition: operation }],
  );
  return {
    resourceType: 'CapabilityStatement',
    ...{ status: 'active', date, kind: 'instance', fhirVersion: '4.0.1', format: ['application/fhir+json'] },
    software: { name: 'medshare', version },
    implementation: { description: 'Takes records in, and gives back what was opened, audited or consented to' },
    rest: [
      {
        mode: 'server',
        security: {
          description: "Bearer tokens of the institution's OpenID provider; the roles of each route stand at /docs.",
        },
        ...some('resource', resources(claims)),
        ...some(
          'interaction',
          system.map((code) => ({ code })),
        ),
        ...some('operation', operations),
      },
    ],
  };
}

function resources(claims: readonly Claim[]): object[] {
  const types = [...new Set(claims.map(({ type }) => type))].sort();
  return types.map((type) => {
    const own = claims.filter((claim) => claim.type === type);
    const search = own.flatMap(({ fhir }) => Object.entries(fhir.search ?? {}));
    return {
      type,
      interaction: [...new Set(own.map(({ code }) => code))].sort().map((code) => ({ code })),
      ...(own.some(({ code }) => code === 'vread') && { versioning: 'versioned' }),
      ...some(
        'searchParam',
        search.map(([name, param]) => ({ name, ...param })),
      ),
    };
  });
}

/** FHIR has no empty arrays. */
const some = (name: string, values: readonly object[]): object => (values.length > 0 ? { [name]: values } : {});
