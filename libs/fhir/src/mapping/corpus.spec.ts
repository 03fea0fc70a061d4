import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseMessage } from '@medshare/hl7';
import { mapMessage, parseFhirJson, toJsonBytes, validateBundle } from '../index.js';

/** Messages of other makers' test suites, where they are at hand. */
const folder = join(
  process.env['MEDSHARE_CORPORA'] ?? resolve(import.meta.dirname, '../../../../../shared/corpora'),
  'hl7v2',
);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^(LAB-)?(ADT|ORU)/.test(name)) : [];

const idFor = (position: string) =>
  createHash('sha256')
    .update(position)
    .digest('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-5$3-8$4-$5');

describe('ADT and ORU messages of other makers', () => {
  it('become bundles that R4 allows', () => {
    for (const name of files) {
      const message = parseMessage(readFileSync(join(folder, name)), { defaultCharset: 'UNICODE UTF-8' });
      const { bundle } = mapMessage(message, { feedZone: '+00:00', idFor, source: 'urn:medshare:test' });
      const problems = validateBundle(parseFhirJson(toJsonBytes(bundle)).value);
      expect([name, problems.map((each) => each.message)]).toEqual([name, []]);
    }
  });
});
