import { problem, type Problem } from '@medshare/problems';
import type { Message, Repetition, Segment } from './message.js';
import { requiredFields, supported, versions, type Structure } from './structures.js';
import { fieldTypes, observationTypes, valueTypes, type ValueTypeName } from './value-types.js';

/** Past this many problems a message is not looked at further: the ERR segments of an ACK are bounded. */
const enough = 50;

/**
 * What must hold before AA: MSH, type, trigger event, version, required segments and their order, required fields, data types.
 * @returns every problem found, up to 50, each naming its place; none means the message may be acknowledged once it is durable
 */
export const validateMessage = (message: Message): Problem[] => {
  const problems = [...header(message)];
  if (problems.length > 0) return problems;
  const structure = supported.get(message.type)?.get(message.trigger);
  const found = [structure === undefined ? [] : sequence(message, structure), ...message.segments.map(segment)];
  return found.flat().slice(0, enough);
};

function* header(message: Message): Iterable<Problem> {
  yield* missing(message.header);
  yield* kind(message);
  const version = message.version;
  if (version !== '' && !versions.has(version)) yield problem('hl7.unsupported-version', { where: 'MSH-12.1' });
  yield* types(message.header);
}

function* kind(message: Message): Iterable<Problem> {
  if (message.type === '') return;
  const triggers = supported.get(message.type);
  if (triggers === undefined) yield problem('hl7.unsupported-type', { where: 'MSH-9.1' });
  else if (message.trigger === '') yield problem('hl7.required-field', { where: 'MSH-9.2' });
  else if (!triggers.has(message.trigger)) yield problem('hl7.unsupported-event', { where: 'MSH-9.2' });
}

const sequence = (message: Message, { requires, after, fields = {} }: Structure): Problem[] => {
  const absent = requires
    .filter((name) => message.first(name) === undefined)
    .map((name) => problem('hl7.segment-sequence', { where: name, detail: 'the segment is required' }));
  const unfilled = message.segments.flatMap((each) => missing(each, fields[each.name] ?? []));
  const seen = new Set<string>();
  const misplaced = message.segments.flatMap((each) => {
    const before = after[each.name];
    const wrong = (before !== undefined && !seen.has(before)) || (each.name === 'MSH' && each.index > 0);
    seen.add(each.name);
    return wrong
      ? [problem('hl7.segment-sequence', { where: each.where(), detail: `not after ${before ?? 'another MSH'}` })]
      : [];
  });
  return [...absent, ...unfilled, ...misplaced];
};

const segment = (each: Segment): Problem[] =>
  each.index === 0 ? [] : [...missing(each), ...types(each), ...observation(each)];

const missing = (each: Segment, fields: readonly number[] = requiredFields[each.name] ?? []): Problem[] =>
  fields
    .filter((field) => isEmpty(each, field))
    .map((field) => problem('hl7.required-field', { where: each.where(field) }));

/** Delimiters alone, or the explicit null, are no value. */
const isEmpty = (each: Segment, field: number): boolean =>
  each.repetitions(field).every((repetition) => repetition.components.every((part) => part === '' || part === '""'));

const types = (each: Segment): Problem[] =>
  Object.entries(fieldTypes[each.name] ?? {}).flatMap(([field, type]) =>
    each.repetitions(Number(field)).flatMap((value) => check(value, type)),
  );

/** Blanks around a value are no part of it. */
const check = (value: Repetition, type: ValueTypeName): Problem[] => {
  const text = value.text()?.trim();
  if (text === undefined || text === '' || valueTypes[type](text)) return [];
  const coded = type.startsWith('HL7');
  return [
    problem(coded ? 'hl7.table-value' : 'hl7.data-type', {
      where: value.where(),
      detail: coded ? `not in table ${type.slice(3)}` : `not ${type}`,
    }),
  ];
};

/** OBX-2 is required where OBX-5 has a value (HL7 v2.5 section 7.4.2.2), and OBX-5 must be of it. */
const observation = (each: Segment): Problem[] => {
  if (each.name !== 'OBX' || isEmpty(each, 5)) return [];
  const declared = each.text(2) ?? '';
  if (declared === '') return [problem('hl7.required-field', { where: each.where(2), detail: 'OBX-5 has a value' })];
  const type = observationTypes[declared];
  return type === undefined ? [] : each.repetitions(5).flatMap((value) => check(value, type));
};
