import { loadDataType } from '@medplum/core';
import type { StructureDefinition } from '@medplum/fhirtypes';
import { datatypes } from './generated/datatypes.js';
import { resources } from './generated/resources.js';

/** path under the type, min, max (-1: any), types joined by `|` or `#reference`, constraints, required value set, max of the base */
export type ElementRow = [string, number, number, string?, [string, string][]?, string?, number?];

export type Definition = {
  readonly name: string;
  readonly type: string;
  readonly kind: 'resource' | 'complex-type';
  readonly root: string;
  readonly elements: readonly ElementRow[];
};

const parsed = new Map<string, Definition>();
const loaded = new Set<string>();

/** @returns the definition of a resource type or complex data type that this release knows */
export const definitionOf = (name: string): Definition | undefined => {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const text = Object.hasOwn(resources, name)
    ? resources[name]
    : Object.hasOwn(datatypes, name)
      ? datatypes[name]
      : undefined;
  if (text === undefined) return undefined;
  const definition = JSON.parse(text) as Definition;
  parsed.set(name, definition);
  return definition;
};

/** whether a resource of this type can be part of a record */
export const isSupportedResource = (type: string): boolean =>
  Object.hasOwn(resources, type) && type !== 'Resource' && type !== 'DomainResource';

/** The types that can be part of a record, sorted. */
export const supportedResources = (): string[] => Object.keys(resources).filter(isSupportedResource).sort();

/** Makes @medplum/core know a resource type and, the first time, the data types. Types never asked for cost no memory. */
export const loadResource = (type: string): void => {
  if (loaded.size === 0) for (const name of [...Object.keys(datatypes), 'Resource', 'DomainResource']) load(name);
  load(type);
};

const load = (name: string): void => {
  if (loaded.has(name)) return;
  loaded.add(name);
  const definition = definitionOf(name);
  if (definition !== undefined) loadDataType(inflate(definition));
};

const canonical = 'http://hl7.org/fhir/StructureDefinition/';
const extensionRule = { key: 'ext-1', expression: 'extension.exists() != value.exists()' };
const most = (max: number): string => (max < 0 ? '*' : String(max));

const inflate = ({ name, type, kind, root, elements }: Definition): StructureDefinition => ({
  resourceType: 'StructureDefinition',
  url: canonical + name,
  name,
  type,
  kind,
  abstract: false,
  status: 'active',
  snapshot: { element: elements.map((row) => inflateElement(root, row)) },
});

type Element = NonNullable<StructureDefinition['snapshot']>['element'][number];

const inflateElement = (
  root: string,
  [path, min, max, types = '', rules = [], , baseMax = max]: ElementRow,
): Element => ({
  id: root + path,
  path: root + path,
  min,
  max: most(max),
  definition: '',
  base: { path: root + path, min, max: most(baseMax) },
  ...(types.startsWith('#')
    ? { contentReference: types }
    : types !== '' && { type: types.split('|').map(inflateType) }),
  constraint: [
    ...rules.map(([key, expression]) => ({ key, expression })),
    ...(types === 'Extension' ? [extensionRule] : []),
  ].map((rule) => ({
    ...rule,
    severity: 'error' as const,
    human: rule.key,
  })),
});

const inflateType = (text: string) => {
  const [code = '', ...targets] = text.split('>');
  return {
    code,
    ...(targets.length > 0 && { targetProfile: targets.map((target) => canonical + target) }),
  } as NonNullable<Element['type']>[number];
};
