import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseMessage, serialiseMessage, supported, validateMessage } from './index.js';

/** Messages of other makers' test suites, where they are at hand; the suites beside this one need none. */
const folder = join(
  process.env['MEDSHARE_CORPORA'] ?? resolve(import.meta.dirname, '../../../../shared/corpora'),
  'hl7v2',
);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.hl7')) : [];
const read = (name: string) => parseMessage(readFileSync(join(folder, name)), { defaultCharset: 'UNICODE UTF-8' });

describe('messages of other makers', () => {
  it('parse and come back byte for byte', () => {
    for (const name of files)
      expect([name, Buffer.from(serialiseMessage(read(name))).equals(readFileSync(join(folder, name)))]).toEqual([
        name,
        true,
      ]);
  });

  it('are refused by type only where the type is not supported', () => {
    for (const name of files) {
      const message = read(name);
      const codes = validateMessage(message).map((each) => each.code);
      expect([name, codes.includes('hl7.unsupported-type')]).toEqual([
        name,
        message.type !== '' && !supported.has(message.type),
      ]);
    }
  });
});
