import { problem, type Problem } from '@medshare/problems';
import { definitionOf, type Definition, type ElementRow } from './definitions.js';
import { codes } from './generated/codes.js';

/**
 * Codes of required value sets (strength `required`, http://hl7.org/fhir/R4/terminologies.html), which @medplum/core does not look at.
 * Value sets too large to be enumerated here (languages, media types, UCUM) are left out.
 */
export const checkBindings = (resource: Readonly<Record<string, unknown>>, where: string): Problem[] => {
  const definition = definitionOf(String(resource['resourceType']));
  return definition === undefined ? [] : walk(resource, definition, '', where);
};

const sets = new Map<string, ReadonlySet<string>>();

/** members as `system|code`, and as bare codes for elements of type code */
const membersOf = (valueSet: string): ReadonlySet<string> => {
  let members = sets.get(valueSet);
  if (members === undefined) {
    const all = (codes[valueSet] ?? '').split(' ');
    members = new Set([...all, ...all.map((member) => member.slice(member.lastIndexOf('|') + 1))]);
    sets.set(valueSet, members);
  }
  return members;
};

type Objects = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Objects =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const walk = (value: Objects, definition: Definition, path: string, where: string): Problem[] =>
  Object.entries(value).flatMap(([name, member]) => {
    const found = find(definition, path, name);
    if (found === undefined) return [];
    return Array.isArray(member)
      ? member.flatMap((each, index) => visit(each, definition, found, `${where}.${name}[${index}]`))
      : visit(member, definition, found, `${where}.${name}`);
  });

const visit = (
  value: unknown,
  definition: Definition,
  [row, type]: readonly [ElementRow, string],
  where: string,
): Problem[] => {
  const strict = row[5];
  const wrong = strict !== undefined && strict !== '' && !isMember(value, strict);
  const found = wrong ? [problem('fhir.invalid', { where, detail: `not in the value set ${strict}` })] : [];
  if (!isObject(value)) return found;
  if (type.startsWith('#')) return [...found, ...walk(value, definition, type.slice(type.indexOf('.')), where)];
  if (type === 'BackboneElement' || type === 'Element') return [...found, ...walk(value, definition, row[0], where)];
  if (type === 'Resource') return [...found, ...checkBindings(value, where)];
  const inner = definitionOf(type);
  return inner === undefined ? found : [...found, ...walk(value, inner, '', where)];
};

/** a code, a Coding, or a CodeableConcept with one fitting coding */
const isMember = (value: unknown, valueSet: string): boolean => {
  const members = membersOf(valueSet);
  if (typeof value === 'string') return members.has(value);
  if (!isObject(value)) return true;
  const codings = Array.isArray(value['coding']) ? value['coding'] : 'code' in value ? [value] : [];
  return (
    codings.length === 0 ||
    codings.some((coding) => isObject(coding) && members.has(`${String(coding['system'])}|${String(coding['code'])}`))
  );
};

const rows = new WeakMap<Definition, Map<string, ElementRow>>();

const rowsOf = (definition: Definition): Map<string, ElementRow> => {
  let known = rows.get(definition);
  if (known === undefined) rows.set(definition, (known = new Map(definition.elements.map((row) => [row[0], row]))));
  return known;
};

/** The row and the type of a member; `valueQuantity` is `value[x]` of type Quantity. */
const find = (definition: Definition, path: string, name: string): readonly [ElementRow, string] | undefined => {
  const known = rowsOf(definition);
  const plain = known.get(`${path}.${name}`);
  if (plain !== undefined) return [plain, (plain[3] ?? '').split('>')[0] ?? ''];
  for (let at = name.length - 1; at > 0; at -= 1) {
    const choice = /[A-Z]/.test(name.charAt(at)) ? known.get(`${path}.${name.slice(0, at)}[x]`) : undefined;
    if (choice !== undefined) return [choice, name.slice(at)];
  }
  return undefined;
};
