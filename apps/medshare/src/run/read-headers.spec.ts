import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHeaders } from './open-tracing.js';

const folder = mkdtempSync(join(tmpdir(), 'headers-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (content: string, mode = 0o600): string => {
  const path = join(folder, `headers-${mode}-${content.length}`);
  writeFileSync(path, content, { mode });
  return path;
};

describe('headers for the collector', () => {
  it('are read a line each', () => {
    expect(readHeaders(file('# of the collector\n\nauthorization: Bearer abc\nx-scope: east\n'))).toEqual({
      authorization: 'Bearer abc',
      'x-scope': 'east',
    });
  });

  it.each([
    ['a file that others may read', () => file('authorization: Bearer abc', 0o644)],
    ['no file', () => join(folder, 'nowhere')],
    ['a line that is no header', () => file('authorization: Bearer abc\nBearer abc')],
  ])('%s is refused without a word of it', (_, path) => {
    expect(() => readHeaders(path())).toThrow(expect.objectContaining({ where: 'telemetry.headersFile' }) as Error);
    expect(() => readHeaders(path())).not.toThrow(/abc/);
  });
});
