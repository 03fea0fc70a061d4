import fc from 'fast-check';
import { escape, parseMessage, usualDelimiters } from '@medshare/hl7';
import { mapMessage, parseFhirJson, toJsonBytes, validateBundle } from '../index.js';

let count = 0;
const idFor = () => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`;
const header = 'MSH|^~\\&|LIS|HARBOR|||20260105||ORU^R01|1|P|2.5.1||||||UNICODE UTF-8';
const map = (...segments: string[]) =>
  mapMessage(parseMessage(new TextEncoder().encode([header, 'PID|1||7^^^EAST', ...segments].join('\r'))), {
    feedZone: 'Asia/Shanghai',
    idFor,
    source: 'urn:x',
    systems: { EAST: 'urn:east' },
  });

const observed = (type: string, value: string, unit = '') => {
  const { bundle, issues } = map('OBR|1|||1^x^L', `OBX|1|${type}|718-7^x^LN||${value}|${unit}|||||F`);
  const text = new TextDecoder().decode(toJsonBytes(bundle));
  expect(validateBundle(parseFhirJson(toJsonBytes(bundle)).value).map(({ message }) => message)).toEqual([]);
  const found = text.match(/"(?:value[A-Z]\w*|component)":.*?(?=\}\}|,"component")/)?.[0];
  const ofValue = issues.filter(({ where }) => /^OBX-[256]/.test(where));
  return { text: found, issues: ofValue.map(({ code, where }) => `${code} ${where}`) };
};

describe('OBX-5', () => {
  it.each([
    [
      'NM',
      '+013.20',
      'g/dL^^UCUM',
      '"valueQuantity":{"value":13.20,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"',
    ],
    ['NM', '.5', 'drops', '"valueQuantity":{"value":0.5,"unit":"drops"'],
    ['NM', '-7.', '', '"valueQuantity":{"value":-7'],
    ['SN', '>=^120', 'mg', '"valueQuantity":{"value":120,"comparator":">=","unit":"mg"'],
    ['SN', '^1^:^16', '', '"valueRatio":{"numerator":{"value":1},"denominator":{"value":16'],
    ['SN', '^3^-^5', '', '"valueRange":{"low":{"value":3},"high":{"value":5'],
    ['SN', '^2^+', '', '"valueString":"2+"'],
    ['NR', '3^5', '', '"valueRange":{"low":{"value":3},"high":{"value":5'],
    [
      'CE',
      'A^Yes^SCT',
      '',
      '"valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"A","display":"Yes"}],"text":"Yes"',
    ],
    ['CWE', '^^^^^^^^free text', '', '"valueCodeableConcept":{"text":"free text"'],
    ['DT', '202601', '', '"valueDateTime":"2026-01"'],
    ['TS', '202601051430', '', '"valueDateTime":"2026-01-05T14:30:00+08:00"'],
    ['DTM', '20260105143001.25-0500', '', '"valueDateTime":"2026-01-05T14:30:01.25-05:00"'],
    ['TM', '1430', '', '"valueTime":"14:30:00"'],
    ['ST', 'a^b\\T\\c', '', '"valueString":"a^b&c"'],
    ['TX', 'one~~two', '', '"valueString":"one\\n\\ntwo"'],
    ['FT', 'one\\.br\\two', '', '"valueString":"one\\ntwo"'],
  ])('of type %s: %s', (type, value, unit, expected) => {
    const { text, issues } = observed(type, value, unit);
    expect(text?.startsWith(expected)).toBe(true);
    expect(issues).toEqual([]);
  });

  it('that is not of its type stays as text, and is reported', () => {
    expect(observed('NM', 'high')).toEqual({
      text: expect.stringContaining('"valueString":"high"'),
      issues: ['not-convertible OBX-5'],
    });
  });

  it('of a type that has no place in FHIR is text, and its type is lost', () => {
    expect(observed('XPN', 'Lin^Mei')).toEqual({
      text: expect.stringContaining('"valueString":"Lin^Mei"'),
      issues: ['not-mapped OBX-2'],
    });
  });

  it('with repetitions fills components', () => {
    const values = new TextDecoder()
      .decode(toJsonBytes(map('OBR|1|||1^x^L', 'OBX|1|NM|1^x^L||27~25||||||F').bundle))
      .match(/"component".*?\]\}/)?.[0];
    expect(values?.match(/"value":\d+/g)).toEqual(['"value":27', '"value":25']);
    expect(values).not.toContain(']},"valueQuantity"');
  });

  it('of type ED and RP becomes an attachment of the report', () => {
    const text = new TextDecoder().decode(
      toJsonBytes(
        map(
          'OBR|1|||1^x^L',
          'OBX|1|ED|1^Scan^L||^AP^PDF^Base64^JVBERi0=||||||F',
          'OBX|2|RP|1^x^L||https://x.org/y||||||F',
        ).bundle,
      ),
    );
    expect(text).toContain(
      '"presentedForm":[{"contentType":"application/pdf","data":"JVBERi0=","title":"Scan"},{"url":"https://x.org/y","title":"x"}]',
    );
  });
});

describe('mapMessage', () => {
  it('takes an agreed system for an authority without universal id', () => {
    expect(JSON.stringify(map().bundle)).toContain('{"system":"urn:east","value":"7"}');
  });

  it('names what it leaves out', () => {
    const { issues } = map('ZZ1|x', 'GT1|1', 'OBR|1|||1^x^L|||||||||||||||||\u0001x', 'OBX|1|ST|1^x^L|sub|""||||||F');
    expect(issues.filter(({ code }) => code !== 'message-only')).toEqual(
      expect.arrayContaining([
        { code: 'not-mapped', where: 'ZZ1' },
        { code: 'not-mapped', where: 'OBR-21' },
        { code: 'not-mapped', where: 'OBX-4' },
        { code: 'explicit-null', where: 'OBX-5' },
      ]),
    );
  });

  it('refuses other types and messages without a patient', () => {
    const parsed = (text: string) => parseMessage(new TextEncoder().encode(text));
    const options = { feedZone: 'UTC', idFor, source: 'urn:x' };
    expect(() => mapMessage(parsed(header.replace('ORU^R01', 'QBP^Q11')), options)).toThrow(
      'record.unmappable at MSH-9.1',
    );
    expect(() => mapMessage(parsed(header), options)).toThrow('record.unmappable at PID');
  });

  it('makes valid R4 of whatever stands in the fields', () => {
    const value = fc.oneof(
      fc.constantFrom(
        '""',
        'M',
        'F',
        'Y',
        '20260105',
        '202601051430+0800',
        '1',
        '1^2^LN',
        'a&b&URI',
        '^^^^',
        '20269999',
        'x@y',
        '0',
        '-',
      ),
      fc.string({ unit: fc.constantFrom(...'ab1 .^&~-中\t\u0007') }),
      fc.string().map((text) => escape(text, usualDelimiters)),
    );
    const segment = fc
      .tuple(
        fc.constantFrom(
          'PID',
          'PD1',
          'NK1',
          'PV1',
          'PV2',
          'DG1',
          'AL1',
          'IN1',
          'ORC',
          'OBR',
          'OBX',
          'SPM',
          'NTE',
          'MRG',
          ...'TQ1 RXA RXR RXO RXE RXD RXC SCH RGS AIS AIG AIL AIP TXA PRB GOL RF1 PRD FT1 GT1 IN2 PR1 IAM IAR ARV ROL PRT SAC RQD EVN SFT'.split(
            ' ',
          ),
        ),
        fc.array(value, { maxLength: 50 }),
      )
      .map(([name, fields]) => [name, ...fields].join('|'));
    const type = fc.constantFrom('NM', 'SN', 'CWE', 'TS', 'TM', 'ST', 'ED', 'RP', 'NR');
    const typed = fc.tuple(type, value, value).map(([name, code, result]) => `OBX|1|${name}|${code}||${result}||||||F`);
    fc.assert(
      fc.property(fc.array(fc.oneof(segment, typed), { maxLength: 8 }), (segments) => {
        const { bundle } = map(...segments);
        const problems = validateBundle(parseFhirJson(toJsonBytes(bundle)).value);
        expect(problems.map((each) => each.message)).toEqual([]);
      }),
      { numRuns: wholeHunts ? 400 : 100 },
    );
  });
});
