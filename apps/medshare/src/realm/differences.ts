/** One place where the realm is not what it should be. */
export interface Difference {
  /** e.g. `clients.feed.directAccessGrantsEnabled` */
  readonly where: string;
  /** undefined: it is not there */
  readonly is: unknown;
  readonly should: unknown;
}

/** What differs in the members that `should` names; others are not looked at. Lists of texts have no order. */
export function differences(where: string, should: unknown, is: unknown): Difference[] {
  if (isObject(should))
    return Object.entries(should).flatMap(([key, value]) =>
      differences(where === '' ? key : `${where}.${key}`, value, isObject(is) ? is[key] : undefined),
    );
  return same(should, is) ? [] : [{ where, is, should }];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keycloak leaves out empty lists. */
function same(should: unknown, is: unknown): boolean {
  if (!Array.isArray(should)) return should === is;
  const found: unknown[] = Array.isArray(is) ? is : [];
  if (should.length !== found.length) return false;
  if (should.every((each) => typeof each === 'string'))
    return JSON.stringify([...should].sort()) === JSON.stringify([...found].sort());
  return should.every((each, index) => differences('', each, found[index]).length === 0);
}
