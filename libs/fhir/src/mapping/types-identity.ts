import type { Repetition } from '@medshare/hl7';
import type { Context } from './context.js';
import { isInTable, universalId, v2 } from './systems.js';
import { textOf, type Type } from './table.js';

type Identifier = { use?: string; type?: object; system?: string; value?: string; period?: object; assigner?: object };

/** HD → the URI of who assigned; a namespace alone has one only if the feed agreed on it. */
const authority = (
  namespace: string | undefined,
  id: string | undefined,
  type: string | undefined,
  context: Context,
): string | undefined => {
  const agreed =
    namespace !== undefined && Object.hasOwn(context.systems ?? {}, namespace)
      ? context.systems?.[namespace]
      : undefined;
  return (id === undefined ? undefined : universalId(id, type)) ?? agreed;
};

const identifier = (
  value: string | undefined,
  system: string | undefined,
  namespace: string | undefined,
): Identifier | undefined =>
  value === undefined
    ? undefined
    : {
        ...(system && { system }),
        value,
        ...(system === undefined && namespace && { assigner: { display: namespace } }),
      };

/** the HD in a component's subcomponents */
const authorityIn = (value: Repetition, component: number, context: Context) => {
  const namespace = textOf(value, component);
  return { namespace, system: authority(namespace, textOf(value, component, 2), textOf(value, component, 3), context) };
};

/** CX.5 (HL7 table 0203); a local code is a text */
const typed = (found: Identifier | undefined, type: string | undefined) => {
  if (found === undefined || type === undefined) return found;
  return {
    type: isInTable('0203', type) ? { coding: [{ system: v2('0203'), code: type }] } : { text: type },
    ...found,
  };
};

/** CX: id ^ check digit ^ scheme ^ assigning authority ^ type. The check digit and its scheme say nothing once checked. */
export const CX: Type = {
  components: [1, 2, 3, 4, 5],
  convert: (value, context) => {
    const { namespace, system } = authorityIn(value, 4, context);
    return typed(identifier(textOf(value, 1), system, namespace), textOf(value, 5));
  },
};

/** EI: id ^ namespace ^ universal id ^ type */
export const EI: Type = {
  components: [1, 2, 3, 4],
  convert: (value, context) =>
    identifier(
      textOf(value, 1),
      authority(textOf(value, 2), textOf(value, 3), textOf(value, 4), context),
      textOf(value, 2),
    ),
};

/** EIP (placer ^ filler, each an EI of subcomponents): the assigned one, else the other. */
export const EIP: Type = {
  components: [1, 2],
  convert: (value, context) => {
    const at = textOf(value, 2) === undefined ? 1 : 2;
    const part = (index: number) => textOf(value, at, index);
    return identifier(part(1), authority(part(2), part(3), part(4), context), part(2));
  },
};

/** HD as a URI: how FHIR names an application's endpoint. */
export const endpointOf = (value: Repetition, context: Context): string | undefined =>
  authority(textOf(value, 1), textOf(value, 2), textOf(value, 3), context) ??
  (textOf(value, 1) === undefined ? undefined : `urn:hl7v2:application:${encodeURIComponent(textOf(value, 1) ?? '')}`);

/** XCN: id ^ family ^ given … as a reference to a practitioner by identifier and name; no Practitioner is made. */
export const XCN: Type = {
  components: [1, 2, 3, 4, 5, 6, 7, 9, 10, 13],
  convert: (value, context) => {
    const { namespace, system } = authorityIn(value, 9, context);
    const name = [6, 3, 4, 2, 5, 7].flatMap((component) => textOf(value, component) ?? []);
    const id = typed(identifier(textOf(value, 1), system, namespace), textOf(value, 13));
    if (id === undefined && name.length === 0) return undefined;
    return { type: 'Practitioner', ...(id && { identifier: id }), ...(name.length > 0 && { display: name.join(' ') }) };
  },
};

/** XON: name ^ type ^ id … ^ authority (6) … ^ identifier (10) */
export const XON: Type = {
  components: [1, 2, 3, 6, 7, 10],
  convert: (value, context) => {
    const { namespace, system } = authorityIn(value, 6, context);
    const id = identifier(textOf(value, 10) ?? textOf(value, 3), system, namespace);
    const display = textOf(value, 1);
    return id === undefined && display === undefined
      ? undefined
      : { type: 'Organization', ...(id && { identifier: id }), ...(display && { display }) };
  },
};

/** PL: point of care ^ room ^ bed ^ facility … as a named location. */
export const PL: Type = {
  components: [1, 2, 3, 4, 7, 8, 9],
  convert: (value) => {
    const parts = [9, 4, 7, 8, 1, 2, 3].flatMap((component) => textOf(value, component) ?? []);
    return parts.length === 0 ? undefined : { type: 'Location', display: parts.join(', ') };
  },
};
