import { acknowledgementMode, isWanted, parseMessage, readAcknowledgement } from './index.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const sent = (accept: string, application: string) =>
  parseMessage(bytes(`MSH|^~\\&|LAB|HARBOR|EHR|EAST|20260102||ADT^A01|42|T|2.5.1|||${accept}|${application}\rPID|1`));

describe('the mode of acknowledgement', () => {
  it.each([
    ['', '', { enhanced: false }],
    ['""', '', { enhanced: false }],
    ['AL', '', { enhanced: true, accept: 'AL', application: 'NE' }],
    ['', 'ER', { enhanced: true, accept: 'NE', application: 'ER' }],
    ['SU', 'AL', { enhanced: true, accept: 'SU', application: 'AL' }],
    ['XX', 'NE', { enhanced: true, accept: 'AL', application: 'NE' }],
  ])('of MSH-15 %p and MSH-16 %p', (accept, application, mode) => {
    expect(acknowledgementMode(sent(accept, application))).toEqual(mode);
  });

  it('is told of what cannot be parsed as far as its header can be read', () => {
    const broken = bytes('MSH|^~\\&|LAB||EHR||2026||ADT^A01|42|T|2.5.1|||AL|NE\r\x01\x02');
    expect(acknowledgementMode(undefined, broken)).toMatchObject({ accept: 'AL', application: 'NE' });
    expect(acknowledgementMode(undefined, bytes('nonsense'))).toEqual({ enhanced: false });
    expect(acknowledgementMode(undefined)).toEqual({ enhanced: false });
  });

  it('asks as table 0155 says', () => {
    const asked = (['AL', 'NE', 'ER', 'SU'] as const).map((each) => [isWanted(each, true), isWanted(each, false)]);
    expect(asked).toEqual([
      [true, true],
      [false, false],
      [false, true],
      [true, false],
    ]);
  });
});

describe('reading an acknowledgement', () => {
  it.each([
    ['MSH|^~\\&|EHR||LAB||2026||ACK^A01^ACK|c1|P|2.5.1\rMSA|CA|42\r', { code: 'CA', controlId: '42' }],
    ['MSH|^~\\&|EHR||LAB||2026||ACK|c1|P|2.5.1\rMSA|AE|\r', { code: 'AE', controlId: '' }],
    ['MSH|^~\\&|EHR||LAB||2026||ADT^A01|c1|P|2.5.1\rMSA|CA|42\r', undefined],
    ['MSH|^~\\&|EHR||LAB||2026||ACK|c1|P|2.5.1\r', undefined],
    ['MSH|^~|ACK', undefined],
    ['', undefined],
  ])('%j', (text, expected) => expect(readAcknowledgement(bytes(text))).toEqual(expected));
});
