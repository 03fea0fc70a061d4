import { validate, validateBundle } from './index.js';

const patient = {
  resourceType: 'Patient',
  id: 'p',
  gender: 'female',
  birthDate: '1985-03-17',
  name: [{ family: 'Lin', given: ['Mei'] }],
};
const bundle = (...resources: unknown[]) => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: resources.map((resource) => ({ resource })),
});
const judge = (value: unknown) => validateBundle(value).map(({ code, where }) => `${code} ${where}`);
const observation = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '718-7' }] },
  valueQuantity: { value: 13.2, unit: 'g/dL' },
};

describe('validateBundle', () => {
  it('has nothing against a good bundle', () => expect(judge(bundle(patient, observation))).toEqual([]));

  it.each([
    ['no bundle', patient, ['fhir.invalid Bundle']],
    [
      'a gender that R4 does not have',
      bundle({ ...patient, gender: 'zzz' }),
      ['fhir.invalid Bundle.entry[0].resource.gender'],
    ],
    [
      'a date that is none',
      bundle(patient, { ...patient, birthDate: '17.3.1985' }),
      ['fhir.invalid Bundle.entry[1].resource.birthDate'],
    ],
    ['an unknown property', bundle({ ...patient, birthday: 'x' }), ['fhir.invalid Bundle.entry[0].resource.birthday']],
    [
      'a missing status',
      bundle({ ...observation, status: undefined }),
      ['fhir.invalid Bundle.entry[0].resource.status'],
    ],
    [
      'a comparator',
      bundle({ ...observation, valueQuantity: { value: 1, comparator: '~' } }),
      ['fhir.invalid Bundle.entry[0].resource.valueQuantity.comparator'],
    ],
    [
      'a use deep inside',
      bundle({ ...patient, contact: [{ telecom: [{ system: 'x' }] }] }),
      ['fhir.invalid Bundle.entry[0].resource.contact[0].telecom[0].system'],
    ],
    ['an unknown type', bundle(patient, { resourceType: 'Spaceship' }), ['fhir.unsupported Bundle.entry[1].resource']],
    ['a type of another kind', bundle({ resourceType: 'Identifier' }), ['fhir.unsupported Bundle.entry[0].resource']],
    ['an object prototype', bundle({ resourceType: 'constructor' }), ['fhir.unsupported Bundle.entry[0].resource']],
    ['a bundle type', { ...bundle(patient), type: 'pile' }, ['fhir.invalid Bundle.type']],
  ])('refuses %s', (_, value, problems) => expect(judge(value)).toEqual(expect.arrayContaining(problems)));

  it('checks invariants', () => {
    expect(validate({ ...patient, contact: [{ gender: 'male' }] }).map(({ where }) => where)).toEqual([
      'Patient.contact[0]',
    ]);
    expect(validate({ ...patient, extension: [{ url: 'http://x.org/y' }] })).toHaveLength(1);
    expect(validate({ ...patient, extension: [{ url: 'http://x.org/y', valueCode: 'z' }] })).toEqual([]);
  });

  it('checks codeable concepts against required value sets', () => {
    const status = (code: string) => ({
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code }],
    });
    const condition = (code: string) => ({
      resourceType: 'Condition',
      subject: { reference: 'Patient/p' },
      clinicalStatus: status(code),
    });
    expect(validate(condition('active'))).toEqual([]);
    expect(validate(condition('sleeping'))).toHaveLength(1);
  });
});
