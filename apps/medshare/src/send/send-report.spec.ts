import { styles } from '../terminal/styles.js';
import { reportText, type SendReport } from './send-report.js';

const plain = { columns: 100, style: styles(false) };
const report: SendReport = {
  files: 2,
  sent: 40,
  accepted: 40,
  refused: [],
  unsent: 0,
  elapsedMs: 2000,
  to: ['harbor'],
};
const refused = (message: number) => ({
  file: 'bad.hl7',
  message,
  refusals: [{ answer: 'AE', code: 'hl7.data-type', where: 'PID-7.1', why: 'A value is not of its data type' }],
});

describe('the report', () => {
  it('is one line when everything was accepted', () => {
    expect(reportText(report, plain)).toBe('40 messages of 2 files to harbor: 40 accepted, 0 refused, in 2.0 s (20/s)');
  });

  it('lists file, message, answer, code and place of each refusal', () => {
    const text = reportText({ ...report, accepted: 39, refused: [refused(7)], unsent: 3 }, plain);
    expect(text).toContain('39 accepted, 1 refused, in 2.0 s (20/s); 3 not sent');
    expect(text.split('\n').at(-1)).toMatch(
      /^bad\.hl7\s+7\s+AE\s+hl7\.data-type\s+PID-7\.1\s+A value is not of its data type$/,
    );
  });

  it('shows fifty refusals and counts the others', () => {
    const many = Array.from({ length: 60 }, (_, index) => refused(index + 1));
    const lines = reportText({ ...report, accepted: 0, refused: many }, plain).split('\n');
    expect(lines.at(-1)).toBe('and 10 more; --json has all');
    expect(lines).toHaveLength(2 + 1 + 50 + 1);
  });
});
