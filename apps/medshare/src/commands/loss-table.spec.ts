import { lossReport } from '@medshare/fhir';
import { lossOutcome, lossTable } from './loss-table.js';

const shown = (...issues: Parameters<typeof lossReport>[0]) =>
  lossTable(lossOutcome.parse(JSON.parse(JSON.stringify(lossReport(issues)))), 120);

describe('what a record does not hold', () => {
  it('is listed by position, what a reader would miss first', () => {
    const lines = shown({ code: 'no-room', where: 'PID-8[2]' }, { code: 'explicit-null', where: 'PID-6' }).split('\n');
    expect(lines[0]).toMatch(/^not in the record +why$/);
    expect(
      lines
        .slice(1)
        .map((line) => line.split(/ +/)[0])
        .sort(),
    ).toEqual(['PID-6', 'PID-8[2]']);
    expect(lines.slice(1).every((line) => /(warning|information) +\w/.test(line))).toBe(true);
    const severities = lines.slice(1).map((line) => line.split(/ +/)[1]);
    expect(severities.lastIndexOf('warning')).toBeLessThanOrEqual(Math.max(0, severities.indexOf('information')));
  });

  it('is said to be nothing when it is nothing', () => {
    expect(shown()).toBe('The record holds every value of the message.');
  });
});
