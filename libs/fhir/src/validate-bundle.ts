import { OperationOutcomeError, validateResource } from '@medplum/core';
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { problem, type Problem } from '@medshare/problems';
import { checkBindings } from './bindings.js';
import { isSupportedResource, loadResource } from './definitions.js';

type Objects = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Objects =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const enough = 100;

/**
 * Judges a Bundle against FHIR R4: structure, cardinality, primitive formats, invariants (@medplum/core) and required bindings.
 * Profiles, terminology servers and references are not looked at.
 * @returns fhir.invalid and fhir.unsupported problems, up to 100, `where` a FHIRPath such as `Bundle.entry[2].resource.birthDate`
 */
export const validateBundle = (value: unknown): Problem[] => {
  if (!isObject(value) || value['resourceType'] !== 'Bundle')
    return [problem('fhir.invalid', { where: 'Bundle', detail: 'not a Bundle' })];
  return validate(value);
};

/** The same for a resource of any supported type. */
export const validate = (value: unknown): Problem[] => {
  if (!isObject(value) || typeof value['resourceType'] !== 'string')
    return [problem('fhir.invalid', { detail: 'not a resource' })];
  const type = value['resourceType'];
  const where = /^[A-Z][A-Za-z]{1,63}$/.test(type) ? type : 'resource';
  const types = new Map<string, string>();
  collectTypes(value, where, types);
  const unknown = [...types].filter(([name]) => !isSupportedResource(name));
  if (unknown.length > 0) return unknown.slice(0, enough).map(([, at]) => problem('fhir.unsupported', { where: at }));
  for (const name of types.keys()) loadResource(name);
  return [...structure(value as unknown as Resource), ...checkBindings(value, where)].slice(0, enough);
};

/** resource type → the first place where it stands */
const collectTypes = (value: unknown, where: string, types: Map<string, string>): void => {
  if (Array.isArray(value)) value.forEach((each, index) => collectTypes(each, `${where}[${index}]`, types));
  if (!isObject(value)) return;
  const type = value['resourceType'];
  if (typeof type === 'string' && !types.has(type)) types.set(type, where);
  for (const [name, member] of Object.entries(value))
    if (typeof member === 'object') collectTypes(member, `${where}.${name}`, types);
};

const structure = (resource: Resource): Problem[] => {
  try {
    validateResource(resource);
    return [];
  } catch (caught) {
    if (!(caught instanceof OperationOutcomeError)) throw caught;
    return caught.outcome.issue
      .filter(({ severity }) => severity !== 'warning' && severity !== 'information')
      .map(translate);
  }
};

/** The part of a path that is made of elements' names. */
const holder = /^[A-Z][A-Za-z]{0,40}(?:\.[a-z][A-Za-z]{0,40}(?:\[\d{1,9}\])*(?=\.|$))*(?=\.|$)/;

/** A property that FHIR does not have may be named by anything: if it does not look like an element, only what holds it is named. */
const translate = (issue: OperationOutcomeIssue): Problem => {
  const at = issue.expression?.[0];
  const text = issue.details?.text ?? '';
  const plain = at !== undefined && /^[A-Za-z_.[\]\d]{1,300}$/.test(at);
  const foreign = text.startsWith('Invalid additional property');
  const where = plain
    ? foreign
      ? at.replace(/\.(?!_?[a-z][A-Za-z]{0,40}$)[^.]*$/, '')
      : at
    : holder.exec(at ?? '')?.[0];
  return problem('fhir.invalid', {
    where,
    detail: foreign ? 'a property that FHIR does not define' : text.slice(0, 200),
  });
};
