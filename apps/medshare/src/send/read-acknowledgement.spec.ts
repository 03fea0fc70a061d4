import { acknowledge, parseMessage } from '@medshare/hl7';
import { problem } from '@medshare/problems';
import { readAcknowledgement } from './read-acknowledgement.js';

const sent = (version: string) =>
  parseMessage(new TextEncoder().encode(`MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|${version}\r`));
const answer = (version: string, code: 'AA' | 'AE', ...problems: ReturnType<typeof problem>[]) =>
  readAcknowledgement(acknowledge(sent(version), { code, problems, time: 0, controlId: 'x' }));

describe('an acknowledgement', () => {
  it('says that the message was taken', () => {
    expect(answer('2.5.1', 'AA')).toEqual({ taken: true });
  });

  it('names code, place and reason of each error', () => {
    const told = answer(
      '2.5.1',
      'AE',
      problem('hl7.data-type', { where: 'PID-7.1', detail: 'not a date' }),
      problem('hl7.required-field', { where: 'PV1[2]-2' }),
    );
    expect(told).toEqual({
      taken: false,
      refusals: [
        { answer: 'AE', code: 'hl7.data-type', where: 'PID-7.1', why: 'A value is not of its data type: not a date' },
        { answer: 'AE', code: 'hl7.required-field', where: 'PV1[2]-2', why: 'A required field is missing' },
      ],
    });
  });

  it('reads the old form of ERR', () => {
    expect(answer('2.3', 'AE', problem('hl7.data-type', { where: 'PID-7' }))).toMatchObject({
      taken: false,
      refusals: [{ answer: 'AE', code: '102' }],
    });
  });

  it('is a refusal when it is none, or gives no reason', () => {
    expect(readAcknowledgement(new TextEncoder().encode('HTTP/1.1 400'))).toMatchObject({
      taken: false,
      refusals: [{ answer: '?' }],
    });
    const bare = 'MSH|^~\\&|A|B|C|D|2026||ACK|9|P|2.5.1\rMSA|AR|1\r';
    expect(readAcknowledgement(new TextEncoder().encode(bare))).toEqual({
      taken: false,
      refusals: [{ answer: 'AR', code: '', where: '', why: 'no reason given' }],
    });
  });
});
