import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { parse } from 'yaml';
import { z } from 'zod';
import { problem } from '@medshare/problems';
import type { Confidentiality, Level, SectionClass } from './classification.js';
import { makeCodeLookup, type CodeLookup, type ValueSetFile } from './code-lookup.js';
import { levelsFile, rangesFile, referencesFile, systemsFile, textFile, valueSetFile } from './policy-files.js';
import { makeTextLookup, type TextLookup } from './text-rules.js';

/** The files that make up a label policy, relative to `policies/labels/`; more value sets may be given. */
export const policyFiles = [
  'systems.yaml',
  'levels.yaml',
  'references.yaml',
  'ranges.yaml',
  'text.yaml',
  'value-sets/sls.json',
  'value-sets/medshare.json',
] as const;

export type Category = {
  readonly code: string;
  readonly class: SectionClass;
  readonly confidentiality: Exclude<Confidentiality, 'N'>;
  /** 0 is the most restrictive */
  readonly rank: number;
};

export type LabelPolicy = {
  /** `labels-<version>:` and base64url SHA-256 over all files, names included */
  readonly version: string;
  readonly categories: ReadonlyMap<string, Category>;
  readonly levels: Readonly<Record<'impersonal' | 'administrative' | Confidentiality, Level>>;
  readonly impersonalTypes: ReadonlySet<string>;
  readonly administrativeTypes: ReadonlySet<string>;
  /** what content that cannot be looked into is treated as */
  readonly uninspected: string;
  readonly references: {
    readonly contextTypes: ReadonlySet<string>;
    readonly carrierTypes: ReadonlySet<string>;
    readonly down: ReadonlySet<string>;
    readonly order: ReadonlySet<string>;
  };
  readonly codes: CodeLookup;
  readonly texts: TextLookup;
  /** elements that hold no free text */
  readonly skip: ReadonlySet<string>;
};

/**
 * Makes a policy out of its files' texts by name. Slow (it compiles every rule): once a process.
 * @throws Problem `config.invalid` naming the file and the rule that is broken
 */
export function loadLabelPolicy(files: Readonly<Record<string, string>>): LabelPolicy {
  const levels = read(files, 'levels.yaml', levelsFile);
  const references = read(files, 'references.yaml', referencesFile);
  const text = read(files, 'text.yaml', textFile);
  const systems = read(files, 'systems.yaml', systemsFile).systems;
  const ranges = read(files, 'ranges.yaml', rangesFile).ranges;
  const sets = valueSetsOf(files);
  const categories = new Map(levels.categories.map((category, rank) => [category.code, { ...category, rank }]));
  const used = [...ranges, ...text.rules, ...sets.flatMap((file) => file.sets), { category: levels.uninspected }];
  const unknown = used.find(({ category }) => !categories.has(category));
  if (unknown) throw invalid('levels.yaml', `category ${unknown.category} is used and not listed`);
  return {
    version: `labels-${levels.version}:${hashOf(files)}`,
    categories,
    levels: levels.levels,
    impersonalTypes: new Set(levels.impersonalTypes),
    administrativeTypes: new Set(levels.administrativeTypes),
    uninspected: levels.uninspected,
    references: {
      contextTypes: new Set(references.contextTypes),
      carrierTypes: new Set(references.carrierTypes),
      down: new Set(references.down),
      order: new Set(references.order),
    },
    codes: guard('ranges.yaml', () => makeCodeLookup(systems, sets, ranges)),
    texts: guard('text.yaml', () => makeTextLookup(text)),
    skip: new Set(text.skip),
  };
}

const invalid = (where: string, detail: string) =>
  problem('config.invalid', { where: `policies/labels/${where}`, detail });

function read<T>(files: Readonly<Record<string, string>>, name: string, schema: { parse: (value: unknown) => T }): T {
  const text = files[name];
  if (text === undefined) throw invalid(name, 'the file is missing');
  return guard(name, () => schema.parse(name.endsWith('.json') ? JSON.parse(text) : parse(text)));
}

function guard<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (cause instanceof z.ZodError) throw invalid(name, firstOf(cause));
    throw invalid(name, cause instanceof Error ? cause.message.slice(0, 400) : 'cannot be read');
  }
}

const firstOf = ({ issues: [issue] }: z.ZodError): string => `${issue?.path.join('.')}: ${issue?.message}`;

function valueSetsOf(files: Readonly<Record<string, string>>): ValueSetFile[] {
  const missing = policyFiles.find((name) => files[name] === undefined);
  if (missing) throw invalid(missing, 'the file is missing');
  const names = Object.keys(files).filter((name) => name.startsWith('value-sets/'));
  return names.sort().map((name) => read(files, name, valueSetFile));
}

function hashOf(files: Readonly<Record<string, string>>): string {
  const parts = Object.keys(files)
    .sort()
    .flatMap((name) => [name, files[name] ?? ''])
    .map((part) => utf8ToBytes(part));
  const hash = sha256.create();
  for (const part of parts) hash.update(utf8ToBytes(`${part.length}:`)).update(part);
  return base64url(hash.digest());
}

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
