import { readFileSync } from 'node:fs';
import { lossReport, maxIssues, toJsonBytes, type MapIssue, type Mapped } from '../index.js';
import type { Message } from '@medshare/hl7';
import { map, messageFiles, parse, type MessageFile } from './messages.fixture.js';

/** Every place where a sender can have written something, found by splitting alone: this suite shares nothing with the ledger. */
type Leaf = { readonly place: readonly number[]; readonly text: string; readonly where: string; readonly kind: string };

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const linesOf = (bytes: Uint8Array) =>
  decoder
    .decode(bytes)
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/);
const marks = ['|', '~', '^', '&'] as const;

const nth = (count: number) => (count === 1 ? '' : `[${count}]`);

function* leavesOf(bytes: Uint8Array): Iterable<Leaf> {
  const seen = new Map<string, number>();
  for (const [line, text] of linesOf(bytes).entries()) {
    const fields = text.split('|');
    const name = fields[0] ?? '';
    const occurrence = (seen.get(name) ?? 0) + 1;
    seen.set(name, occurrence);
    for (const [at, field] of fields.entries()) {
      if (at === 0 || (name === 'MSH' && at === 1)) continue;
      const number = name === 'MSH' ? at + 1 : at;
      for (const [r, repetition] of field.split('~').entries())
        for (const [c, component] of repetition.split('^').entries())
          for (const [s, leaf] of component.split('&').entries())
            if (leaf.trim() !== '')
              yield {
                place: [line, at, r, c, s],
                text: leaf,
                where: `${name}${nth(occurrence)}-${number}${nth(r + 1)}.${c + 1}.${s + 1}`,
                kind: `${name}-${number}.${c + 1}.${s + 1}`,
              };
    }
  }
}

/** a change that keeps the kind of value, where a kind can be told */
const another = (text: string) =>
  /^\d/.test(text) ? text.replace(/\d/, (digit) => String((Number(digit) + 1) % 10)) : `Q${text}`;

const changed = (bytes: Uint8Array, { place: [line = 0, ...path], text }: Leaf): Uint8Array => {
  const set = (whole: string, [at = 0, ...rest]: readonly number[], depth: number): string => {
    const parts = whole.split(marks[depth] ?? '');
    parts[at] = rest.length === 0 ? another(text) : set(parts[at] ?? '', rest, depth + 1);
    return parts.join(marks[depth]);
  };
  return encoder.encode(
    linesOf(bytes)
      .map((each, at) => (at === line ? set(each, path, 0) : each))
      .join('\r'),
  );
};

/** whether a report speaks of a place: itself, or something that it is part of */
const covering = (issues: readonly MapIssue[]) => {
  const lost = new Set(issues.map(({ where }) => where));
  return (where: string): boolean =>
    [where.split('-')[0] ?? '', where.split('.')[0] ?? '', where.replace(/\.\d+$/, ''), where].some((each) =>
      lost.has(each),
    );
};

type Mapper = (message: Message) => Mapped;
const bytesOf = (mapped: Mapped) => decoder.decode(toJsonBytes(mapped.bundle));

/** Changing a value that is in the record changes the record, or then it is reported. */
const isInRecord = (bytes: Uint8Array, leaf: Leaf, mapper: Mapper, before: string): boolean => {
  try {
    const after = mapper(parse(changed(bytes, leaf)));
    return bytesOf(after) !== before || covering(after.issues)(leaf.where);
  } catch {
    return true; // what makes another message of it is no detail
  }
};

/** @returns the places that are neither in the record nor in the report; each kind of place once */
const hunt = (files: readonly MessageFile[], mapper: Mapper): string[] => {
  const seen = new Set<string>();
  return files.flatMap(({ name, path }) => {
    const bytes = readFileSync(path);
    const message = parse(bytes);
    const mapped = mapper(message);
    const before = bytesOf(mapped);
    const covered = covering(mapped.issues);
    return [...leavesOf(bytes)]
      .filter(({ where }) => !covered(where))
      .filter(({ kind }) => !seen.has(kind) && seen.add(kind))
      .filter((leaf) => !isInRecord(bytes, leaf, mapper, before))
      .map(({ where }) => `${name} ${where}`);
  });
};

const ours = messageFiles('golden', 'samples').filter(({ name }) => !name.includes('gb18030'));

const named = (prefix: string) => ours.filter(({ name }) => name.startsWith(prefix));

/** The whole corpus takes minutes; else the messages with the most segments of their own. */
const sampled = (files: readonly MessageFile[]): MessageFile[] =>
  files.filter(({ name }) => wholeHunts || /^(RDS-O13|SIU-S12|BAR-P12)/.test(name));

describe('every valued place of a message', () => {
  it('is in the record or in the report', () => {
    expect(hunt(ours, map)).toEqual([]);
  });

  it('is so too in messages of other makers', () => {
    expect(hunt(sampled(messageFiles('corpus')), map)).toEqual([]);
  }, 600_000);

  it('is missed when a mapper drops it silently: the hunt finds the planted defect', () => {
    const dropsLots: Mapper = (message) => {
      const mapped = map(message);
      for (const { resource } of mapped.bundle.entry) delete resource['lotNumber'];
      return mapped;
    };
    expect(hunt(named('vxu'), dropsLots)).toEqual(['vxu-v04-linnea-holm.hl7 RXA-15.1.1']);
  });

  it('is missed when a report leaves it out: the hunt finds that too', () => {
    const keepsQuiet: Mapper = (message) => {
      const { bundle, issues } = map(message);
      return { bundle, issues: issues.filter(({ where }) => where !== 'SCH-6') };
    };
    expect(hunt(named('siu'), keepsQuiet)).toEqual([
      'siu-s12-ines-duarte.hl7 SCH-6.1.1',
      'siu-s12-ines-duarte.hl7 SCH-6.2.1',
    ]);
  });
});

describe('a loss report', () => {
  const reportOf = (text: string) => lossReport(map(parse(encoder.encode(text))).issues);
  const head = 'MSH|^~\\&|LIS|HARBOR|||20260105||ORU^R01|1|P|2.5.1||||||UNICODE UTF-8\rPID|1||7^^^EAST';

  it('names positions and never what stands there', () => {
    const report = JSON.stringify(
      reportOf(`${head}||Lin&von&Secretia|||Secretia\rZZ1|Secretia|Secretia\rOBX|1|NM|Secretia|Secretia`),
    );
    expect(report).toContain('"diagnostics":"ZZ1"');
    expect(report).toContain('"diagnostics":"OBX-4"');
    expect(report).not.toContain('Secretia');
  });

  it('puts what a reader would miss before what only the message needs', () => {
    const severities = reportOf(`${head}\rZZ1|x`).issue.map(({ severity }) => severity);
    expect(severities.indexOf('information')).toBeGreaterThan(severities.lastIndexOf('warning'));
  });

  it('says that a value was deleted, and that a list was longer than its element', () => {
    const { issue } = reportOf(`${head}|||""||F~M`);
    expect(issue.map(({ details, diagnostics }) => [details.coding?.[0]?.code, diagnostics])).toEqual(
      expect.arrayContaining([
        ['explicit-null', 'PID-6'],
        ['no-room', 'PID-8[2]'],
      ]),
    );
  });

  it('is bounded, and says where it stopped', () => {
    const { issue } = reportOf(head + Array.from({ length: maxIssues + 10 }, () => '\rZZ1|x').join(''));
    expect(issue).toHaveLength(maxIssues + 1);
    expect(issue.map(({ details }) => details.coding?.[0]?.code)).toContain('more');
  });
});

describe('a flood', () => {
  const head = 'MSH|^~\\&|LIS|HARBOR|||20260105||ORU^R01|1|P|2.5.1||||||UNICODE UTF-8\rPID|1||7^^^EAST\r';
  const marks = 200_000;

  it.each([
    ['components', `OBR|1|||${'^a'.repeat(marks)}`],
    ['subcomponents', `OBR|1|||1${'&a'.repeat(marks)}`],
    ['components of a number', `OBX|1|SN|1^x^L||${'^1'.repeat(marks)}||||||F`],
    ['components of a text', `OBX|1|TX|1^x^L||${'^a'.repeat(marks)}||||||F`],
    ['orders', Array.from({ length: 3000 }, (_, at) => `ORC|NW|${at}|||||||20260105101010|7^Ros^Eva`).join('\r')],
  ])('of %s costs no more than its bytes, and is reported', (_, segment) => {
    const from = process.cpuUsage();
    const { issues } = map(parse(encoder.encode(head + segment)));
    const { user } = process.cpuUsage(from);
    expect(issues.length).toBeGreaterThan(0);
    expect(user / 1e6).toBeLessThan(10);
  });
});
