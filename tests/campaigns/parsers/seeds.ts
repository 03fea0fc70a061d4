import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { frameMllp } from '@medshare/hl7';
import type { Format } from './mutate.js';

const folders = ['samples', 'libs/fhir/src/mapping/golden', '../shared/corpora/hl7v2'];

const filesOf = (ending: string): Buffer[] =>
  folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .sort()
        .map((name) => join(folder, name)),
    )
    .filter((path) => path.endsWith(ending))
    .map((path) => readFileSync(path));

/** Well-formed inputs of a format: samples, golden Bundles, and a corpus of messages where there is one. */
export function seedsOf(format: Format): Buffer[] {
  if (format === 'fhir') return filesOf('.json');
  const messages = filesOf('.hl7');
  if (format === 'hl7v2') return messages;
  const framed = messages.slice(0, 12).map((bytes) => Buffer.from(frameMllp(bytes.subarray(0, 2_000))));
  return [...framed, Buffer.concat(framed.slice(0, 3))];
}
