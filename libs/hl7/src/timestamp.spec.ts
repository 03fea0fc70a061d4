import fc from 'fast-check';
import { parseTimestamp } from './index.js';

describe('parseTimestamp', () => {
  it.each([
    ['2024', 'UTC', '2024-01-01T00:00:00.000Z', 'year', '2024'],
    ['202402', 'Asia/Shanghai', '2024-01-31T16:00:00.000Z', 'month', '2024-02'],
    ['20240229', '+08:00', '2024-02-28T16:00:00.000Z', 'day', '2024-02-29'],
    ['2024022923', 'UTC', '2024-02-29T23:00:00.000Z', 'hour', '2024-02-29T23'],
    ['202402292359', 'UTC', '2024-02-29T23:59:00.000Z', 'minute', '2024-02-29T23:59'],
    ['20240229235958', 'Asia/Shanghai', '2024-02-29T15:59:58.000Z', 'second', '2024-02-29T23:59:58'],
    ['20240229235958.1234-0530', 'UTC', '2024-03-01T05:29:58.123Z', 'fraction', '2024-02-29T23:59:58.1234'],
    ['20240701120000', 'Europe/Berlin', '2024-07-01T10:00:00.000Z', 'second', '2024-07-01T12:00:00'],
    // set back at 03:00: the earlier of two; set forward at 02:00: as if the clock had not been touched
    ['20241027023000', 'Europe/Berlin', '2024-10-27T00:30:00.000Z', 'second', '2024-10-27T02:30:00'],
    ['20240331023000', 'Europe/Berlin', '2024-03-31T01:30:00.000Z', 'second', '2024-03-31T02:30:00'],
    ['20241027023000+0100', 'Europe/Berlin', '2024-10-27T01:30:00.000Z', 'second', '2024-10-27T02:30:00'],
  ])('%s in %s', (text, zone, instant, precision, local) => {
    expect(parseTimestamp(text, zone)).toMatchObject({ instant, precision, local });
  });

  it.each([
    '',
    '24',
    '20241',
    '20240230',
    '20230229',
    '20241301',
    '00000101',
    '20240101250000',
    '2024-01-01',
    '20240101+9900',
    '20240101T10',
  ])('refuses %j', (text) => expect(() => parseTimestamp(text, 'UTC')).toThrow('hl7.data-type'));

  it('refuses an unknown zone', () =>
    expect(() => parseTimestamp('20240101', 'Mars/Olympus')).toThrow('config.invalid'));

  it('reads any instant back in any zone that does not change its clocks', () => {
    const zone = fc.constantFrom('Asia/Shanghai', 'UTC', 'Asia/Kolkata', '-03:30');
    const noInvalidDate = true;
    fc.assert(
      fc.property(
        fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate }),
        zone,
        (date, where) => {
          const digits = date.toISOString().replace(/[-:TZ]/g, '');
          const read = parseTimestamp(digits, where);
          const [hours = 0, minutes = 0] = read.zone.slice(1).split(':').map(Number);
          const offset = (read.zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
          expect(Date.parse(read.instant) + offset).toBe(date.getTime());
        },
      ),
    );
  });
});
