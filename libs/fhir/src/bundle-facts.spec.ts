import { bundleKind, episodeOf, patientIdentifiers, replacedIdentifiers, subjectOf } from './index.js';

const bundle = (...resources: object[]) => ({ type: 'collection', entry: resources.map((resource) => ({ resource })) });
const mei = {
  resourceType: 'Patient',
  identifier: [{ system: 's', value: '1', type: { coding: [{ code: 'NI' }] } }, { value: '' }],
};
const old = { resourceType: 'Patient', identifier: [{ system: 's', value: '0' }], link: [{ type: 'replaced-by' }] };

describe('facts of a bundle', () => {
  it('has one subject', () => {
    expect(subjectOf(bundle(mei, old))).toBe(mei);
    expect(subjectOf(bundle())).toBeUndefined();
    expect(() => subjectOf(bundle(mei, { ...mei }))).toThrow('patient.ambiguous');
  });

  it('has the identifiers of its patient', () => {
    expect(patientIdentifiers(bundle(mei, old))).toEqual([{ system: 's', value: '1', type: 'NI' }]);
    expect(replacedIdentifiers(bundle(mei, old)).map(({ value }) => value)).toEqual(['0']);
    const by = { subject: { identifier: { system: 's', value: '9' } } };
    expect(
      patientIdentifiers(bundle({ resourceType: 'Observation', ...by }, { resourceType: 'Condition', ...by })),
    ).toHaveLength(1);
    expect(patientIdentifiers({ entry: 'nonsense' })).toEqual([]);
  });

  it.each([
    [
      'a visit number before another',
      [{ identifier: [{ value: 'a' }, { system: 'v', value: 'b', type: { coding: [{ code: 'VN' }] } }] }],
      'encounter v|b',
    ],
    [
      'an assigner where there is no system',
      [{ identifier: [{ value: 'a', assigner: { display: 'HARBOR' } }] }],
      'encounter HARBOR|a',
    ],
    ['the begin of an encounter without number', [{ period: { start: '2026-02-03' } }], 'month 2026-02'],
    ['the month it came when nothing is known', [{}], 'month 2030-05'],
  ])('belongs to an episode: %s', (_, encounters, expected) => {
    const { kind, id } = episodeOf(
      bundle(...encounters.map((each) => ({ resourceType: 'Encounter', ...each }))),
      '2030-05-06T07:08:09.000Z',
    );
    expect(`${kind} ${id}`).toBe(expected);
  });

  it('takes the time of a report before the time of a bundle', () => {
    const report = { resourceType: 'DiagnosticReport', effectiveDateTime: '2025-12-31T23:59:00+08:00' };
    expect(episodeOf({ ...bundle(report), timestamp: '2026-01-01T00:00:00+08:00' }, '').id).toBe('2025-12');
    expect(episodeOf({ ...bundle(), timestamp: '2026-01-01T00:00:00+08:00' }, '').id).toBe('2026-01');
  });

  it('is of a kind that is a record', () => {
    expect(bundleKind(bundle())).toBe('collection');
    expect(() => bundleKind({ type: 'searchset' })).toThrow('fhir.unsupported');
  });
});
