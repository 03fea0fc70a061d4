import { problem } from '@medshare/problems';
import type { Attribute, Mapper, Part, Realm, RealmClient } from './describe-realm.js';
import { differences, type Difference } from './differences.js';
import type { KeycloakAdmin, Representation } from './keycloak-admin.js';

/**
 * Makes a realm what it should be, and tells what differed. What medshare has no opinion on (other clients, roles, people, keys, sign-in at other
 * providers) is left alone; nothing is removed but what a client of ours holds beyond what it should.
 *
 * @param dry only tells
 * @throws Problem as {@link KeycloakAdmin}
 */
export async function applyRealm(admin: KeycloakAdmin, realm: Realm, { dry }: { dry: boolean }): Promise<Difference[]> {
  const work = new Work(admin, realm, dry);
  await work.settings();
  await work.roles();
  await work.scope();
  for (const client of realm.clients) await work.client(client);
  await work.userProfile();
  return withoutConsequences(work.found);
}

/** Of what is not there at all, its parts are not told one by one. */
const withoutConsequences = (found: readonly Difference[]): Difference[] => {
  const made = found.filter(({ is, should }) => is === undefined && should === whole).map(({ where }) => where);
  if (made.includes('realm')) return found.slice(0, 1);
  return found.filter(({ where }) => !made.some((each) => where.startsWith(`${each}.`)));
};

const whole = 'as described';

/** Applies, then looks once more. @throws Problem request.invalid naming what the server did not take */
export async function applyAndVerify(admin: KeycloakAdmin, realm: Realm): Promise<Difference[]> {
  const made = await applyRealm(admin, realm, { dry: false });
  const left = await applyRealm(admin, realm, { dry: true });
  if (left.length === 0) return made;
  const detail = `Keycloak did not take it: ${left.map(({ where }) => where).join(', ')}`;
  throw problem('request.invalid', { where: `realm ${realm.realm}`, detail });
}

class Work {
  readonly found: Difference[] = [];
  readonly #admin: KeycloakAdmin;
  readonly #realm: Realm;
  readonly #base: string;
  readonly #dry: boolean;

  constructor(admin: KeycloakAdmin, realm: Realm, dry: boolean) {
    this.#admin = admin;
    this.#realm = realm;
    this.#base = `/${encodeURIComponent(realm.realm)}`;
    this.#dry = dry;
  }

  async settings(): Promise<void> {
    const { realm, settings } = this.#realm;
    const is = await this.#admin.read(this.#base);
    if (is === undefined) {
      this.#tell({ where: 'realm', is: undefined, should: whole });
      return this.#write('POST', '', { realm, ...settings });
    }
    await this.#mend('settings', settings, is, () => this.#write('PUT', this.#base, settings));
  }

  async roles(): Promise<void> {
    const there = await this.#list(`${this.#base}/roles?max=1000`);
    for (const role of this.#realm.roles) {
      const is = there.find(({ name }) => name === role.name);
      const where = `roles.${role.name}`;
      if (is) await this.#mend(where, role, is, () => this.#write('PUT', `${this.#base}/roles/${role.name}`, role));
      else await this.#make(where, `${this.#base}/roles`, role);
    }
  }

  async scope(): Promise<void> {
    const { protocolMappers, ...scope } = this.#realm.scope;
    const find = async () => (await this.#list(`${this.#base}/client-scopes`)).find(({ name }) => name === scope.name);
    const is = await find();
    const where = `clientScopes.${scope.name}`;
    if (!is) await this.#make(where, `${this.#base}/client-scopes`, scope);
    const id = (is ?? (await find()))?.id;
    const path = `${this.#base}/client-scopes/${id}`;
    if (is) await this.#mend(where, scope, is, () => this.#write('PUT', path, { ...is, ...scope }));
    await this.#mappers(`${where}.mappers`, id === undefined ? undefined : path, protocolMappers);
  }

  async client({ clientId, settings, scopes, roles, accountRoles }: RealmClient): Promise<void> {
    const find = async () => (await this.#list(`${this.#base}/clients?clientId=${encodeURIComponent(clientId)}`)).at(0);
    const is = await find();
    const where = `clients.${clientId}`;
    if (!is) await this.#make(where, `${this.#base}/clients`, { clientId, ...settings });
    const id = (is ?? (await find()))?.id;
    const path = id === undefined ? undefined : `${this.#base}/clients/${id}`;
    if (is && path !== undefined)
      await this.#mend(where, settings, is, () => this.#write('PUT', path, merged(is, settings)));
    // Keycloak gives this one back whenever somebody writes a client with a service account
    const given = settings['serviceAccountsEnabled'] === true ? ['service_account'] : [];
    if (scopes) await this.#clientScopes(where, path, scopes, given);
    if (roles) await this.#roleSet(`${where}.roles`, path && `${path}/scope-mappings/realm`, roles, true);
    if (accountRoles) await this.#accountRoles(`${where}.accountRoles`, path, accountRoles);
  }

  /** Attributes that others added stay. */
  async userProfile(): Promise<void> {
    const path = `${this.#base}/users/profile`;
    const is = ((await this.#admin.read(path)) ?? {}) as { attributes?: readonly Attribute[] };
    const there = is.attributes ?? [];
    const { attributes } = this.#realm;
    const found = attributes.flatMap((each) => {
      const known = there.find(({ name }) => name === each.name);
      const where = `userProfile.${each.name}`;
      if (!known) return [{ where, is: undefined, should: whole }];
      // exactly these: what is required of people at sign-in would stop them
      return differences(where, { required: undefined, ...each }, known);
    });
    this.#tell(...found);
    const others = there.filter(({ name }) => !attributes.some((each) => each.name === name));
    if (found.length > 0) await this.#write('PUT', path, { ...is, attributes: [...attributes, ...others] });
  }

  async #mappers(where: string, path: string | undefined, wanted: readonly Mapper[]): Promise<void> {
    const models = `${path}/protocol-mappers/models`;
    const there = path === undefined ? [] : await this.#list(models);
    for (const mapper of wanted) {
      const is = there.find(({ name }) => name === mapper.name);
      const each = `${where}.${mapper.name}`;
      if (is) await this.#mend(each, mapper, is, () => this.#write('PUT', `${models}/${is.id}`, { ...is, ...mapper }));
      else await this.#make(each, models, mapper);
    }
    await this.#removeOthers(where, there, wanted, (one) => `${models}/${one.id}`);
  }

  /** Claims of another scope could be more than medshare reads, or could be read as something else. */
  async #clientScopes(
    where: string,
    path: string | undefined,
    wanted: readonly string[],
    allowed: readonly string[],
  ): Promise<void> {
    for (const kind of ['default', 'optional']) {
      const list = `${path}/${kind}-client-scopes`;
      const there = path === undefined ? [] : await this.#list(list);
      const names = kind === 'default' ? wanted : [];
      for (const name of names.filter((one) => !there.some((each) => each.name === one))) {
        this.#tell({ where: `${where}.${kind}Scopes.${name}`, is: undefined, should: name });
        const known = (await this.#list(`${this.#base}/client-scopes`)).find((each) => each.name === name);
        await this.#write('PUT', `${list}/${known?.id}`);
      }
      const kept = [...names, ...allowed].map((name) => ({ name }));
      await this.#removeOthers(`${where}.${kind}Scopes`, there, kept, (one) => `${list}/${one.id}`);
    }
  }

  async #accountRoles(where: string, path: string | undefined, wanted: readonly string[]): Promise<void> {
    const user = path === undefined ? undefined : await this.#admin.read(`${path}/service-account-user`);
    const id = (user as Representation | undefined)?.id;
    await this.#roleSet(where, id && `${this.#base}/users/${id}/role-mappings/realm`, wanted, false);
  }

  /** @param exact whether others are taken away; an account has the realm's default roles, too, which its client does not let through */
  async #roleSet(where: string, path: string | undefined, wanted: readonly string[], exact: boolean): Promise<void> {
    const there = path === undefined ? [] : await this.#list(path);
    const missing = wanted.filter((name) => !there.some((each) => each.name === name));
    for (const name of missing) this.#tell({ where: `${where}.${name}`, is: undefined, should: name });
    const known = missing.length === 0 || this.#dry ? [] : await this.#list(`${this.#base}/roles?max=1000`);
    const added = known.filter(({ name }) => name !== undefined && missing.includes(name));
    if (added.length > 0) await this.#write('POST', path ?? '', added);
    const others = exact ? there.filter(({ name }) => name !== undefined && !wanted.includes(name)) : [];
    for (const { name } of others) this.#tell({ where: `${where}.${name}`, is: name, should: undefined });
    if (others.length > 0) await this.#write('DELETE', path ?? '', others);
  }

  async #removeOthers(
    where: string,
    there: readonly Representation[],
    wanted: readonly { name: string }[],
    pathOf: (one: Representation) => string,
  ): Promise<void> {
    for (const one of there.filter(({ name }) => !wanted.some((each) => each.name === name))) {
      this.#tell({ where: `${where}.${one.name}`, is: one.name, should: undefined });
      await this.#write('DELETE', pathOf(one));
    }
  }

  async #mend(where: string, should: Part, is: unknown, write: () => Promise<void>): Promise<void> {
    const found = differences(where, should, is);
    this.#tell(...found);
    if (found.length > 0) await write();
  }

  async #make(where: string, path: string, should: Part): Promise<void> {
    this.#tell({ where, is: undefined, should: whole });
    await this.#write('POST', path, should);
  }

  #tell(...found: Difference[]): void {
    this.found.push(...found);
  }

  #list(path: string): Promise<Representation[]> {
    return this.#admin.list(path);
  }

  async #write(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<void> {
    if (!this.#dry) await this.#admin.write(method, path, body);
  }
}

/** Attributes that we do not name stay as they are: a client's credentials stand among them. */
const merged = (is: Representation, settings: Part): Part => ({
  ...is,
  ...settings,
  attributes: { ...(is['attributes'] as object | undefined), ...(settings['attributes'] as object | undefined) },
});
