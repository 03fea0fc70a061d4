import { parseArgs } from 'node:util';

const suites = ['platform', 'crypto', 'policy', 'mllp', 'traces', 'stack', 'fabric'];
const usage = `npm run bench -- [suite] [options]
  platform         the default: starts the demo in a data folder of its own and sends messages to it over its sockets
  crypto           sealing against the bare ciphers; capsules and fragments on both curves against @nucypher/umbral-pre
  policy           a decision with 200 policies against bare cedar-wasm
  traces           a record with tracing off and on, and a step that nobody records
  stack            the embedded platform and the servers that operators run, in turn: records/s and the way of one; memory of each role as a process
  mllp             acknowledgements against HAPI's and @medplum/hl7's servers on the same messages
  fabric           anchors through batches against one transaction a record, and times at several batch time-outs, on the test network
Peers that are no dependency of medshare are put into a cache folder of the user's, outside the checkout; one that cannot be had is left out.

  --short          1,000 records and fewer repetitions: at most 4 minutes on 2 cores
  --records <n>    records over which the cost of one is watched (1,000; also 10,000 and 50,000)
  --rounds <n>     rounds of acknowledgements against plain inserts, of which the medians are told (3; short: 2)
  --seed <n>       of the invented patients and values (1)
  --json <file>    writes the figures as JSON
  --write          writes docs/measured/bench.json, or bench-<suite>.json
  --keep           keeps the data folder and tells where it is
  --help           this text
`;

const count = (name, text, most) => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new RangeError(`--${name} is a whole number from 1 to ${most}`);
};

/** @returns the options, or undefined when only help was wanted */
export function readOptions(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      short: { type: 'boolean', default: false },
      records: { type: 'string', default: '1000' },
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return undefined;
  }
  const { short, json, write, keep } = values;
  const [suite = 'platform', ...more] = positionals;
  if (!suites.includes(suite) || more.length > 0) throw new RangeError(`one suite of ${suites.join(', ')}`);
  return {
    suite,
    short,
    json,
    write,
    keep,
    records: count('records', values.records, 1_000_000),
    rounds: count('rounds', values.rounds ?? (short ? '2' : '3'), 100),
    seed: count('seed', values.seed, 1_000_000),
    // messages of one burst, and messages whose way is timed
    burst: short ? 160 : 960,
    timed: short ? 100 : 200,
  };
}
