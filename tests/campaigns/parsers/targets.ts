import { createHmac } from 'node:crypto';
import { mapMessage, parseFhirJson, toJsonBytes, validateBundle } from '@medshare/fhir';
import { MllpDecoder, parseMessage } from '@medshare/hl7';
import { KeyedHashes } from '@medshare/ingest-service/keyed-hashes';
import { ReadFhir, Refused } from '@medshare/ingest-service/read-fhir';
import { ReadHl7v2 } from '@medshare/ingest-service/read-hl7v2';
import { isProblem, type Problem } from '@medshare/problems';
import type { Format } from './mutate.js';

/** What became of an input: accepted, or refused for these reasons. Anything thrown is a crash. */
export type Verdict = { readonly accepted: true } | { readonly problems: readonly Problem[] };
export type Target = (bytes: Uint8Array) => Verdict;

const mebibyte = 1024 * 1024;
const hashes = new KeyedHashes((context, text) =>
  createHmac('sha256', 'hunt').update(`${context}\n${text}`).digest('base64url'),
);
const agreedSystems = ['urn:medshare:east:citizen'];
const hl7v2Reader = new ReadHl7v2({
  feeds: [{ name: 'any', zone: 'Asia/Shanghai', onConflict: 'refuse' }],
  maxBytes: mebibyte,
  defaultCharset: 'ASCII',
  agreedSystems,
  hashes,
});
const fhirReader = new ReadFhir({ maxBytes: mebibyte, agreedSystems, hashes });

/** What is refused as a problem is a verdict; what is thrown otherwise goes on. */
function judged(work: () => void): Verdict {
  try {
    work();
    return { accepted: true };
  } catch (caught) {
    if (caught instanceof Refused) return { problems: caught.problems };
    if (isProblem(caught) && caught.code !== 'internal') return { problems: [caught] };
    throw caught instanceof Error && isProblem(caught) && caught.cause instanceof Error ? caught.cause : caught;
  }
}

/** Everything between a frame and the record: what AA promises, then the mapping, whose Bundle must be valid or refused. */
const hl7v2: Target = (bytes) => {
  const { problems } = hl7v2Reader.read(bytes);
  if (problems) {
    const internal = problems.find(({ code }) => code === 'internal');
    if (internal) throw internal.cause instanceof Error ? internal.cause : internal;
    return { problems };
  }
  return judged(() => {
    const message = parseMessage(bytes, { bytes: mebibyte, defaultCharset: 'ASCII' });
    const { bundle } = mapMessage(message, {
      feedZone: 'Asia/Shanghai',
      systems: {},
      idFor: (place) => hashes.uuid('hunt', place),
      source: 'urn:medshare:institution:hunt',
    });
    const { value } = parseFhirJson(toJsonBytes(bundle), { bytes: 8 * mebibyte });
    const [wrong] = validateBundle(value);
    if (wrong) throw wrong;
  });
};

const fhir: Target = (bytes) =>
  judged(() => {
    const source = { feed: 'any', zone: 'Asia/Shanghai', onConflict: 'refuse' as const };
    // a transaction or batch by its own route, whatever else by the one of its type
    const text = Buffer.from(bytes).toString('latin1');
    if (/"type"\s*:\s*"(transaction|batch)"/.test(text)) {
      const read = fhirReader.interaction(bytes, source);
      if (read.kind === 'batch') read.entries.forEach((entry) => Array.isArray(entry) && refuse(entry as Problem[]));
    } else fhirReader.any(bytes, source);
  });

function refuse(problems: readonly Problem[]): void {
  const [first, ...others] = problems;
  if (first) throw new Refused([first, ...others]);
}

/** However it is chopped, a stream of frames gives the same frames and the same problems. */
const mllp: Target = (bytes) => {
  const outputs = [61, 1_000_000].map((size) => {
    const decoder = new MllpDecoder(64 * 1024);
    const found: string[] = [];
    for (let at = 0; at < bytes.length; at += size)
      for (const one of decoder.push(bytes.subarray(at, at + size)))
        found.push('frame' in one ? Buffer.from(one.frame).toString('latin1') : one.problem.code);
    const end = decoder.end();
    return { found: [...found, end?.code ?? ''].join('\0'), problems: end ? [end] : [] };
  });
  if (new Set(outputs.map(({ found }) => found)).size > 1)
    throw new Error('frames depend on how the stream is chopped');
  return { accepted: true };
};

export const targets: Readonly<Record<Format, Target>> = { hl7v2, fhir, mllp };
