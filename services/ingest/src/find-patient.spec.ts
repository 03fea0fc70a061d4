import { parseMessage } from '@medshare/hl7';
import { agreedFirst, identifiersOfBundle, identifiersOfMessage } from './find-patient.js';
import { admission } from './fixture/mllp-client.fixture.js';
import { KeyedHashes } from './keyed-hashes.js';

const identifiers = (pid3: string, systems: Record<string, string> = {}) =>
  identifiersOfMessage(parseMessage(Buffer.from(admission('X').replace(/E-1\^[^|]*/, pid3))), systems);
const hashes = new KeyedHashes((context, text) => `${context} ${text}`);
const subject = (system: string, value: string) => ({
  resource: { resourceType: 'Observation', subject: { identifier: { system, value } } },
});

describe('finding the patient', () => {
  it('prefers the systems that the region agreed on, in its order', () => {
    const found = identifiers('7^^^MRN~8^^^B~9^^^A&1.2.3.4&ISO', { B: 'urn:b', MRN: 'urn:mrn' });
    expect(agreedFirst(found, ['urn:oid:1.2.3.4', 'urn:b']).map(({ system, value }) => [system, value])).toEqual([
      ['urn:oid:1.2.3.4', '9'],
      ['urn:b', '8'],
      ['urn:mrn', '7'],
    ]);
  });

  it('does not join two feeds, or two authorities, that give the same number', () => {
    const [one] = identifiers('7^^^WARD');
    const [other] = identifiers('7^^^LAB');
    expect(hashes.patient(one!, 'his')).not.toBe(hashes.patient(other!, 'his'));
    expect(hashes.patient(one!, 'his')).not.toBe(hashes.patient(one!, 'lis'));
    expect(hashes.patient({ system: 'urn:s', value: '7' }, 'his')).toBe(
      hashes.patient({ system: 'urn:s', value: '7' }, 'lis'),
    );
  });

  it('refuses a Bundle that speaks of two patients by number', () => {
    const bundle = (...entry: object[]) => ({ resourceType: 'Bundle', type: 'collection', entry });
    expect(
      identifiersOfBundle(bundle(subject('urn:s', '1'), subject('urn:s', '1'), subject('urn:t', '2'))),
    ).toHaveLength(2);
    expect(() => identifiersOfBundle(bundle(subject('urn:s', '1'), subject('urn:s', '2')))).toThrow(
      'patient.ambiguous',
    );
  });
});
