import type { Context } from './context.js';
import type { Reading } from './reading.js';
import { codingSystem, isInTable, universalId, v2 } from './systems.js';
import { single, type Type } from './table.js';
import { dayOf } from './types-value.js';

type Identifier = { use?: string; type?: object; system?: string; value?: string; period?: object; assigner?: object };

const uriTypes = { URI: true, UUID: true, GUID: true, ISO: true };

/** HD in three components → who assigned: a universal id is a system; a namespace is one if the feed agreed on it, else a name. */
const authority = (hd: Reading, at: number, context: Context): { system?: string; name?: string } => {
  const system = universalId(hd.peek(at + 1) ?? '', hd.peek(at + 2));
  if (system !== undefined) {
    hd.text(at + 1);
    hd.code(at + 2, uriTypes);
  }
  const agreed = context.systems ?? {};
  const namespace = hd.peek(at);
  const known = namespace !== undefined && Object.hasOwn(agreed, namespace) ? agreed[namespace] : undefined;
  if (system === undefined && known !== undefined) return { ...(hd.text(at) && { system: known }) };
  const name = hd.text(at);
  return { ...(system && { system }), ...(name && { name }) };
};

const identifier = (
  value: string | undefined,
  { system, name }: { system?: string; name?: string },
): Identifier | undefined =>
  value === undefined
    ? undefined
    : { ...(system && { system }), value, ...(name !== undefined && { assigner: { display: name } }) };

/** CX.5 (HL7 table 0203); a local code is a text */
const typed = (found: Identifier | undefined, type: string | undefined) => {
  if (found === undefined || type === undefined) return found;
  return {
    type: isInTable('0203', type) ? { coding: [{ system: v2('0203'), code: type }] } : { text: type },
    ...found,
  };
};

/** CX: id ^ check digit ^ scheme ^ assigning authority ^ type ^ facility ^ effective ^ expires */
export const CX: Type = (value, context) => {
  const id = value.text(1);
  if (id === undefined) return undefined;
  const found = typed(identifier(id, authority(value.part(4), 1, context)), value.text(5));
  const [start, end] = [dayOf(value, 7, context), dayOf(value, 8, context)];
  return { ...found, ...((start ?? end) && { period: { ...(start && { start }), ...(end && { end }) } }) };
};

/** EI: id ^ namespace ^ universal id ^ type */
export const EI: Type = (value, context) => {
  const id = value.text(1);
  return id === undefined ? undefined : identifier(id, authority(value, 2, context));
};

/** One EI of an EIP (placer ^ filler, each an EI of subcomponents). */
export const EIP =
  (at: 1 | 2): Type =>
  (value, context) =>
    EI(value.part(at), context);

/** The assigned one of an EIP, else the other. */
export const assignedEIP: Type = (value, context) => EIP(2)(value, context) ?? EIP(1)(value, context);

/** An identifier of a given type (HL7 table 0203: PLAC, FILL, …); what R4's edition of the table does not know is a text. */
export const identifierOf =
  (code: string, type: Type = EI): Type =>
  (value, context) => {
    const found = type(value, context) as Identifier | undefined;
    const kind = isInTable('0203', code) ? { coding: [{ system: v2('0203'), code }] } : { text: code };
    return found && { type: kind, ...found };
  };

/** A reference to something that is known by an identifier only. */
export const identified =
  (resourceType: string, type: Type = EI): Type =>
  (value, context) => {
    const found = type(value, context);
    return found === undefined ? undefined : { type: resourceType, identifier: found };
  };

/** a number without authority */
export const bareIdentifier: Type = single((value) => ({ value }));

/** HD as a URI: how FHIR names an application's endpoint. */
export const endpoint: Type = (value, context) => {
  const system = universalId(value.peek(2) ?? '', value.peek(3));
  if (system !== undefined) {
    value.text(2);
    value.code(3, uriTypes);
    return system;
  }
  const name = value.text(1);
  const agreed = name !== undefined && Object.hasOwn(context.systems ?? {}, name) ? context.systems?.[name] : undefined;
  return agreed ?? (name && `urn:hl7v2:application:${encodeURIComponent(name)}`);
};

/** HD as an organisation: its name, and its universal id as an identifier. */
export const HDorganization: Type = (value) => {
  const uri = universalId(value.peek(2) ?? '', value.peek(3));
  if (uri !== undefined) {
    value.text(2);
    value.code(3, uriTypes);
  }
  const display = value.text(1);
  if (uri === undefined && display === undefined) return undefined;
  const id = uri && { identifier: { system: 'urn:ietf:rfc:3986', value: uri } };
  return { type: 'Organization', ...id, ...(display && { display }) };
};

/** XCN: id ^ family ^ given … as a reference to a practitioner by identifier and name; no Practitioner is made. */
export const XCN: Type = (value, context) => {
  const name = [6, 3, 4, 2, 5, 7].flatMap((component) => value.text(component) ?? []);
  const number = value.text(1);
  const id = number && typed(identifier(number, authority(value.part(9), 1, context)), value.text(13));
  if (!id && name.length === 0) return undefined;
  return { type: 'Practitioner', ...(id && { identifier: id }), ...(name.length > 0 && { display: name.join(' ') }) };
};

/** The same with a role: Encounter.participant, performers, agents. */
export const withRole =
  (element: string, role: object, type: Type = XCN): Type =>
  (value, context) => {
    const found = type(value, context);
    return found === undefined ? undefined : { ...role, [element]: found };
  };

/** NDL: a CNN in the first component ^ start ^ end ^ where. The person is taken. */
export const NDL: Type = (value, context) => {
  if (value.divided(1)) return CNN(value.part(1), context);
  const id = value.text(1);
  return id === undefined ? undefined : { type: 'Practitioner', identifier: { value: id } };
};

/** CNN: id ^ family ^ given … */
const CNN: Type = (value) => {
  const name = [6, 3, 4, 2, 5, 7].flatMap((component) => value.text(component) ?? []);
  const id = value.text(1);
  if (id === undefined && name.length === 0) return undefined;
  const display = name.length > 0 && { display: name.join(' ') };
  return { type: 'Practitioner', ...(id && { identifier: { value: id } }), ...display };
};

/** XON: name ^ type ^ id … ^ authority (6) ^ id type (7) … ^ identifier (10) */
export const XON: Type = (value, context) => {
  const number = value.text(10) ?? value.text(3);
  const id = number && typed(identifier(number, authority(value.part(6), 1, context)), value.text(7));
  const display = value.text(1);
  return !id && display === undefined
    ? undefined
    : { type: 'Organization', ...(id && { identifier: id }), ...(display && { display }) };
};

/** CWE as an organisation: code and name. */
export const codedOrganization: Type = (value) => {
  const [id, name] = [value.text(1), value.text(2)];
  if (id === undefined && name === undefined) return undefined;
  const system = id && codingSystem(value.peek(3) ?? '', undefined);
  if (system) value.text(3);
  const identifier = id && { identifier: { ...(system && { system }), value: id } };
  return { type: 'Organization', ...identifier, ...(name && { display: name }) };
};

/** PL: point of care ^ room ^ bed ^ facility ^ status ^ type ^ building ^ floor ^ description, as a named location. */
export const PL: Type = (value) => {
  const parts = [9, 4, 7, 8, 1, 2, 3].flatMap((component) => value.text(component) ?? []);
  return parts.length === 0 ? undefined : { type: 'Location', display: parts.join(', ') };
};
