import fc from 'fast-check';
import { limits, sliceBundle } from './slice-bundle.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const slices = (text: string) => sliceBundle(bytes(text)).entries.map((entry) => entry.text);

describe('slicing a Bundle', () => {
  it('keeps what JSON.parse destroys', () => {
    const odd =
      '{ "resource":{"resourceType":"Observation","valueQuantity":{"value":1.50},"n":1E+2,"t":"\\u0041\\/\\"}{][,"} }';
    expect(slices(`\n{"resourceType":"Bundle", "x":{"entry":[1]}, "entry" : [ ${odd} ,{}\t]}`)).toEqual([odd, '{}']);
  });

  it('takes only the entries of the root', () => {
    expect(slices('{"resourceType":"Bundle","contained":[{"entry":[1,2]}],"entry":[{"entry":[3]}]}')).toEqual([
      '{"entry":[3]}',
    ]);
    expect(slices('{"resourceType":"Bundle"}')).toEqual([]);
  });

  it.each([
    ['not UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), 'fhir.json'],
    ['not JSON', bytes('{"resourceType":"Bundle",}'), 'fhir.json'],
    ['a byte order mark', bytes('\ufeff{"resourceType":"Bundle"}'), 'fhir.json'],
    ['an array', bytes('[]'), 'fhir.json'],
    ['another resource', bytes('{"resourceType":"Patient"}'), 'fhir.invalid'],
    ['entry as an object', bytes('{"resourceType":"Bundle","entry":{}}'), 'fhir.invalid'],
    ['a duplicate key', bytes('{"resourceType":"Bundle","entry":[{"a":1,"a":2}]}'), 'fhir.json'],
    ['a duplicate key in disguise', bytes('{"resourceType":"Bundle","entry":[],"\\u0065ntry":[{}]}'), 'fhir.json'],
    ['great depth', bytes(`{"resourceType":"Bundle","entry":[${'['.repeat(70)}${']'.repeat(70)}]}`), 'fhir.json'],
    [
      'a hundred thousand brackets',
      bytes(`{"resourceType":"Bundle","entry":${'['.repeat(1e5)}${']'.repeat(1e5)}}`),
      'fhir.json',
    ],
    ['too many entries', bytes(`{"resourceType":"Bundle","entry":[${'1,'.repeat(limits.entries)}1]}`), 'fhir.json'],
  ])('refuses %s', (_, input, code) => {
    expect(() => sliceBundle(input)).toThrow(expect.objectContaining({ code }));
  });

  it('finds every element as it was written, whatever the blanks', () => {
    const blank = fc.constantFrom('', ' ', '\n\t', '\r\n  ');
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 4 })),
        blank,
        fc.constantFrom(undefined, 1, '\t'),
        (values, gap, indent) => {
          const texts = values.map((value) => JSON.stringify(value, null, indent));
          const source = `{${gap}"resourceType":"Bundle"${gap},"entry"${gap}:${gap}[${gap}${texts.join(`${gap},${gap}`)}${gap}]}`;
          expect(slices(source)).toEqual(texts);
        },
      ),
    );
  });
});
