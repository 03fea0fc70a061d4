import { problem, textOf } from '@medshare/problems';
import { acknowledge, parseMessage } from './index.js';

const sent = (version: string, tail = '', marks = '|^~\\&') =>
  parseMessage(
    new TextEncoder().encode(
      `MSH|^~\\&|LAB|HARBOR|EHR|EAST|20260102||ADT^A01^ADT_A01|42|T|${version}${tail}\rPID|1`.replaceAll(
        '|',
        marks.charAt(0),
      ),
    ),
  );
const time = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).split('\r');
const bad = problem('hl7.data-type', { where: 'PID[1]-7[2].1', detail: 'not TS' });

describe('acknowledge', () => {
  it('accepts, with the parties swapped', () => {
    expect(text(acknowledge(sent('2.5.1'), { code: 'AA', time, controlId: 'c1' }))).toEqual([
      'MSH|^~\\&|EHR|EAST|LAB|HARBOR|20260102030405.006+0000||ACK^A01^ACK|c1|T|2.5.1',
      'MSA|AA|42',
      '',
    ]);
  });

  it('names places and table 0357 in ERR since 2.5', () => {
    const answer = { code: 'AE', time, controlId: 'c1', problems: [bad, problem('storage.unavailable')] } as const;
    expect(text(acknowledge(sent('2.5'), answer)).slice(1, 4)).toEqual([
      'MSA|AE|42',
      'ERR||PID^1^7^2^1|102^Data type error^HL70357|E|hl7.data-type^A value is not of its data type^L||PID[1]-7[2].1: not TS|A value is not of its data type',
      'ERR|||207^Application internal error^HL70357|E|storage.unavailable^The storage cannot be used^L|||The storage cannot be used',
    ]);
  });

  it('writes the texts of problems in the language asked for, where the message’s character set can', () => {
    const answer = { code: 'AE', time, controlId: 'c1', problems: [bad], language: 'zh' } as const;
    const errOf = (tail: string, codec = 'utf-8') =>
      new TextDecoder(codec)
        .decode(acknowledge(sent('2.5.1', tail), answer))
        .split('\r')[2]!
        .split('|');
    const own = textOf('hl7.data-type', 'zh').title;
    expect(own).toMatch(/\p{Script=Han}/u);
    for (const [tail, codec] of [
      ['||||||UNICODE UTF-8', 'utf-8'],
      ['||||||GB 18030-2000', 'gb18030'],
    ] as const) {
      const err = errOf(tail, codec);
      expect([err[3], err[5], err[8]]).toEqual(['102^Data type error^HL70357', `hl7.data-type^${own}^L`, own]);
    }
    // nothing above ASCII goes to who declared ASCII, a set of other letters, or sent what is no message
    expect(errOf('')[8]).toBe(bad.title);
    expect(errOf('||||||8859/1')[8]).toBe(bad.title);
    const broken = new TextEncoder().encode(
      'MSH|^~\\&|LAB|HARBOR|EHR|EAST|20260102||ADT^A01|42|T|2.5.1||||||UNICODE UTF-8',
    );
    const refused = new TextDecoder().decode(acknowledge(undefined, { ...answer, refused: broken }));
    expect(refused).toContain(bad.title);
    expect(refused).not.toContain(own);
  });

  it('uses ERR-1 before 2.5', () => {
    const answer = { code: 'AE', time, controlId: 'c1', problems: [bad] } as const;
    for (const version of ['2.1', '2.3.1', '2.4'])
      expect(text(acknowledge(sent(version), answer))[2]).toBe('ERR|PID^1^7^102&Data type error&HL70357');
    for (const version of ['2.5', '2.41', '12.4', '2.6', ''])
      expect(text(acknowledge(sent(version), answer))[2]).toMatch(/^ERR\|\|PID\^1\^7\^2\^1\|/);
    const nowhere = { ...answer, problems: [problem('storage.unavailable')] };
    expect(text(acknowledge(sent('2.3'), nowhere))[2]).toBe('ERR|^^^207&Application internal error&HL70357');
  });

  it('names 50 problems at most', () => {
    const answer = { code: 'AE', time, controlId: 'c1', problems: Array(60).fill(bad) } as const;
    expect(text(acknowledge(sent('2.5'), answer)).filter((line) => line.startsWith('ERR'))).toHaveLength(50);
  });

  it.each([
    ['2.1', 'ACK', '2.1'],
    ['2.2', 'ACK', '2.2'],
    ['2.3', 'ACK^A01^ACK', '2.3'],
    ['2.21', 'ACK^A01^ACK', '2.21'],
    ['12.1', 'ACK^A01^ACK', '12.1'],
    ['', 'ACK^A01^ACK', '2.5.1'],
    ['2.5.1^USA', 'ACK^A01^ACK', '2.5.1^USA'],
    ['v2.5', 'ACK^A01^ACK', '2.5.1'],
    ['2.5 beta', 'ACK^A01^ACK', '2.5.1'],
    ['2.345678901', 'ACK^A01^ACK', '2.5.1'],
  ])('answers version %p with the type %s and the version %s', (version, type, mirrored) => {
    const fields = text(acknowledge(sent(version), { code: 'AA', time, controlId: 'c1' }))[0]!.split('|');
    expect([fields[8], fields[11]]).toEqual([type, mirrored]);
  });

  it.each([
    ['D', 'D'],
    ['P^T', 'P^T'],
    ['', 'P'],
    ['xT', 'P'],
    ['T^Tx', 'P'],
    ['T^1', 'P'],
    ['training', 'P'],
  ])('answers processing id %p with %s', (given, mirrored) => {
    const bytes = new TextEncoder().encode(`MSH|^~\\&|LAB|HARBOR|EHR|EAST|||ADT^A01|42|${given}|2.5\rPID|1`);
    const answer = acknowledge(parseMessage(bytes), { code: 'AA', time, controlId: 'c1' });
    expect(text(answer)[0]!.split('|')[10]).toBe(mirrored);
  });

  it('mirrors delimiters and character set', () => {
    const lines = text(acknowledge(sent('2.5', '||||||UNICODE UTF-8', '#'), { code: 'AR', time, controlId: 'a#b' }));
    expect(lines[0]).toBe(
      'MSH#^~\\&#EHR#EAST#LAB#HARBOR#20260102030405.006+0000##ACK^A01^ACK#a\\F\\b#T#2.5######UNICODE UTF-8',
    );
  });

  it('says of an application acknowledgement whether it is to be acknowledged itself', () => {
    const answer = { code: 'AA', time, controlId: 'c1', accept: 'AL' } as const;
    expect(text(acknowledge(sent('2.5.1', '||||||8859/1'), answer))[0]).toBe(
      'MSH|^~\\&|EHR|EAST|LAB|HARBOR|20260102030405.006+0000||ACK^A01^ACK|c1|T|2.5.1|||AL|NE||8859/1',
    );
  });

  it('answers what could not be parsed', () => {
    const sender = { application: 'MEDSHARE', facility: 'HARBOR' };
    expect(
      text(
        acknowledge(undefined, { code: 'AR', time, controlId: 'c1', sender, problems: [problem('hl7.unparsable')] }),
      ).slice(0, 2),
    ).toEqual(['MSH|^~\\&|MEDSHARE|HARBOR|||20260102030405.006+0000||ACK|c1|P|2.5.1', 'MSA|AR|']);
  });

  it('mirrors what it can tell of the header of what could not be parsed', () => {
    const answer = {
      code: 'AR',
      time,
      controlId: 'c1',
      problems: [problem('hl7.charset', { where: 'MSH-18' })],
    } as const;
    const refused = (text: string) =>
      firstTwo(acknowledge(undefined, { ...answer, refused: new TextEncoder().encode(text) }));
    const firstTwo = (bytes: Uint8Array) => text(bytes).slice(0, 2);
    expect(refused('MSH|^~\\&|LAB|HÄRBOR|EHR|EAST|||ADT^A01|42|P|2.5||||||KLINGON\rPID')).toEqual([
      'MSH|^~\\&|EHR|EAST|LAB||20260102030405.006+0000||ACK^A01^ACK|c1|P|2.5',
      'MSA|AR|42',
    ]);
    expect(refused('nonsense')[1]).toBe('MSA|AR|');
  });

  it('can be parsed again, whatever it says', () => {
    const answer = {
      code: 'AE',
      time,
      controlId: '|^~\\&\r',
      problems: [problem('hl7.data-type', { detail: '|\rMSH|' })],
    } as const;
    const again = parseMessage(acknowledge(sent('2.5'), answer));
    expect([again.segments.length, again.controlId, again.text('ERR-7')]).toEqual([3, '|^~\\&\r', '|\rMSH|']);
  });
});
