import fc from 'fast-check';
import { isProblem, type Problem } from '@medshare/problems';
import { Decimal, parseFhirJson, toJsonBytes, type JsonLimits } from './index.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const refusal = (text: string | Uint8Array, limits: Partial<JsonLimits> = {}): Problem | undefined => {
  try {
    parseFhirJson(typeof text === 'string' ? bytes(text) : text, limits);
    return undefined;
  } catch (caught) {
    if (isProblem(caught) && caught.code === 'fhir.json') return caught;
    throw caught;
  }
};

describe('parseFhirJson', () => {
  it('keeps the bytes and says where each entry stands', () => {
    const text = ' {"resourceType":"Bundle", "entry" : [ {"a":1.50} ,{"b":"]}é\\""}, 7 ] }\n';
    const read = parseFhirJson(bytes(text));
    const slices = read.entries.map(({ start, end }) => new TextDecoder().decode(read.bytes.subarray(start, end)));
    expect(slices).toEqual(['{"a":1.50}', '{"b":"]}é\\""}', '7']);
    expect(read.value['resourceType']).toBe('Bundle');
  });

  it('says where the resource of each entry stands, and of nothing else', () => {
    const text =
      '{"resource":{},"entry":[{"a":{"resource":1}},{"b":0, "resource" : {"resource":{}} ,"c":1},7,{"resource":[2]}],"z":[{"resource":3}]}';
    const { resources } = parseFhirJson(bytes(text));
    expect(resources).toHaveLength(4);
    expect(Array.from(resources, (span) => span && text.slice(span.start, span.end))).toEqual([
      undefined,
      '{"resource":{}}',
      undefined,
      '[2]',
    ]);
  });

  it.each([
    ['{"a":1,"a":2}', '$.a', 'the name occurs twice'],
    ['{"a":1,"\\u0061":2}', '$.a', 'the name occurs twice'],
    ['{"entry":[{},{"resource":{"x":1,"x":1}}]}', '$.entry[1].resource.x', 'the name occurs twice'],
    ['{"Mei Lin":1,"Mei Lin":2}', '$.?', 'the name occurs twice'],
    ['{"__proto__":{}}', '$.?', 'the name is not allowed'],
    ['{"a":9007199254740993}', '$.a', 'a number that is not safe to read'],
    ['{"a":1e999}', '$.a', 'a number that is not safe to read'],
    ['{"a":01}', '$.a', 'not a JSON value'],
    ['{"a":NaN}', '$.a', 'not a JSON value'],
    ['{"a":1}{', '$', 'something follows the value'],
    ['{"a":"x', '$.a', 'a string does not end'],
    ['{"a":1,}', '$', 'a name is missing'],
    ['[]', '$', 'not an object'],
    ['"x"', '$', 'not an object'],
    ['{"a":"\u0001"}', '$', 'not JSON in UTF-8'],
  ])('refuses %s at %s', (text, where, detail) => expect(refusal(text)).toMatchObject({ where, detail }));

  it('refuses bytes that are not UTF-8', () => {
    expect(refusal(Uint8Array.of(0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d))?.detail).toBe(
      'not JSON in UTF-8',
    );
  });

  it('bounds bytes, depth, values and members inclusively', () => {
    const text = '{"a":[[1,2,3]]}';
    for (const [limit, value] of Object.entries({ bytes: text.length, depth: 3, values: 6, members: 3 })) {
      expect([limit, refusal(text, { [limit]: value })]).toEqual([limit, undefined]);
      expect(refusal(text, { [limit]: value - 1 })).toBeDefined();
    }
  });

  it('is not brought down by depth or width', () => {
    expect(refusal('['.repeat(1_000_000))?.detail).toMatch('deeper');
    expect(refusal('{"a":'.repeat(1_000_000))?.detail).toMatch('deeper');
    expect(refusal(`{"a":[${'1,'.repeat(1_000_000)}1]}`)?.detail).toMatch('members');
  });

  it('accepts what JSON.stringify writes', () => {
    const json = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,8}$/),
      fc.jsonValue({ maxDepth: 4, noUnicodeString: false }),
    );
    fc.assert(
      fc.property(json, (value) => {
        const found = refusal(JSON.stringify(value));
        if (found !== undefined) expect(found.detail).toMatch(/safe to read|not allowed/);
        else expect(parseFhirJson(bytes(JSON.stringify(value))).value).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('mutated, throws nothing but fhir.json', () => {
    const source = bytes('{"resourceType":"Bundle","entry":[{"x":[1.5e3,-0,true,null,"\\u00e9é"]},{}]}');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(source.length - 1), fc.nat(255)), { maxLength: 5 }), (edits) => {
        const mutated = Uint8Array.from(source);
        for (const [at, byte] of edits) mutated[at] = byte;
        refusal(mutated);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('toJsonBytes', () => {
  const text = (value: unknown) => new TextDecoder().decode(toJsonBytes(value));

  it('writes decimals verbatim and leaves out what is undefined', () => {
    expect(text({ a: new Decimal('13.20'), b: undefined, c: [1, 'é"', true, null], d: new Decimal('-0.000') })).toBe(
      '{"a":13.20,"c":[1,"é\\"",true,null],"d":-0.000}',
    );
  });

  it('refuses numbers that would lose digits', () => {
    expect(() => toJsonBytes({ a: 0.1 })).toThrow('fhir.json');
    for (const lexical of ['1e3', '+1', '.5', '01', '1.', '']) expect(() => new Decimal(lexical)).toThrow('fhir.json');
  });
});
