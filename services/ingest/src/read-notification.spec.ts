import fc from 'fast-check';
import { isProblem } from '@medshare/problems';
import { eventBundle, heartbeat, r5Bundle } from './fixture/notification.fixture.js';
import { parseReference, readNotification } from './read-notification.js';

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const read = (value: unknown) => readNotification(bytes(value), 1_000_000);
const refusal = (work: () => unknown) => {
  try {
    work();
    return undefined;
  } catch (caught) {
    if (isProblem(caught)) return caught;
    throw caught;
  }
};

describe('a notification', () => {
  const patient = { resourceType: 'Patient', id: 'p1', birthDate: '1985-03-17' };

  it('tells type, status, subscription, count and events, in R4 and in R5', () => {
    const expected = {
      type: 'event-notification',
      status: 'active',
      subscription: 'admission',
      since: 2,
      at: Date.parse('2026-01-05T09:15:00Z'),
      events: [{ number: 2, focus: { type: 'Patient', id: 'p1' } }],
    };
    for (const bundle of [eventBundle, r5Bundle])
      expect(read(bundle({ since: 2, events: [{ number: 2, focus: 'Patient/p1' }] }))).toMatchObject(expected);
    expect(read(heartbeat(7))).toMatchObject({ type: 'heartbeat', since: 7, events: [], attached: [] });
  });

  it('carries resources byte for byte', () => {
    const text = JSON.stringify(
      eventBundle({ since: 1, events: [{ number: 1, focus: 'Patient/p1' }], resources: [patient] }),
    ).replace('{"resourceType":"Patient",', '{ "resourceType":"Patient",\n');
    const [attached] = read(text).attached;
    expect(attached).toMatchObject({ name: { type: 'Patient', id: 'p1' }, entry: 1 });
    expect(new TextDecoder().decode(attached!.bytes)).toBe(
      '{ "resourceType":"Patient",\n"id":"p1","birthDate":"1985-03-17"}',
    );
  });

  it('says what is gone, and what is another server’s', () => {
    const base = 'https://ehr.example.org/fhir';
    const bundle = eventBundle({
      since: 2,
      base,
      events: [
        { number: 1, focus: `${base}/Patient/p1/_history/3` },
        { number: 2, focus: 'https://other.example.org/fhir/Patient/p2' },
      ],
      deleted: ['Patient/p1'],
    });
    expect(read(bundle)).toMatchObject({
      events: [{ focus: { type: 'Patient', id: 'p1' } }, { focus: 'elsewhere' }],
      deleted: [{ type: 'Patient', id: 'p1' }],
    });
  });

  it.each([
    ['no Bundle', { resourceType: 'Patient' }, 'Bundle.entry[0].resource'],
    [
      'no status',
      { resourceType: 'Bundle', type: 'history', entry: [{ resource: patient }] },
      'Bundle.entry[0].resource',
    ],
    ['another type', eventBundle({ type: 'news' }), 'Bundle.entry[0].resource.type'],
    ['another status', eventBundle({ status: 'fine' }), 'Bundle.entry[0].resource.status'],
    ['no subscription', eventBundle({ subscription: 'Patient/p1' }), 'Bundle.entry[0].resource.subscription'],
    ['event 0', eventBundle({ since: 1, events: [{ number: 0 }] }), 'Bundle.entry[0].resource'],
    ['an event without number', eventBundle({ since: 1, events: [{ number: '1.5' }] }), 'Bundle.entry[0].resource'],
  ])('with %s is refused and the place named', (_, bundle, where) =>
    expect(refusal(() => read(bundle))).toMatchObject({ code: 'fhir.invalid', where }),
  );

  it('with too many events is refused', () => {
    const events = Array.from({ length: 5_001 }, (_, n) => ({ number: n + 1 }));
    expect(refusal(() => read(eventBundle({ since: 5_001, events })))?.code).toBe('request.too-large');
  });

  it('of any JSON is read or refused, and nothing else', () => {
    const source = bytes(eventBundle({ since: 2, events: [{ number: 2, focus: 'Patient/p1' }], resources: [patient] }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(source.length - 1), fc.nat(255)), { maxLength: 6 }), (edits) => {
        const mutated = Uint8Array.from(source);
        for (const [at, byte] of edits) mutated[at] = byte;
        refusal(() => readNotification(mutated, 100_000));
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const resource = { resourceType: 'Parameters', parameter: json };
        refusal(() => read({ resourceType: 'Bundle', entry: [{ resource }, json], timestamp: json }));
      }),
    );
  });
});

describe('a reference', () => {
  it.each([
    ['Patient/1', { type: 'Patient', id: '1' }],
    ['https://a/fhir/Patient/1', { type: 'Patient', id: '1', base: 'https://a/fhir/' }],
    ['Patient/1/_history/2', { type: 'Patient', id: '1' }],
    ['../Patient/1', undefined],
    ['Patient/1?x', undefined],
    ['Patient/../../admin', undefined],
    ['urn:uuid:7', undefined],
  ])('%s', (text, expected) => expect(parseReference(text)).toEqual(expected));
});
