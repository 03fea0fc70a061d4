/** One reason why a code is sensitive. */
export type CodeHit = {
  readonly category: string;
  readonly rule: string;
  readonly kind: 'code' | 'range';
  readonly system: string;
  readonly valueSet?: string;
};

export type CodeSystem = {
  readonly uri: string;
  readonly icd10?: boolean | undefined;
  readonly aliases: readonly string[];
};
export type ValueSetFile = {
  readonly prefix: string;
  readonly sets: readonly {
    readonly name: string;
    readonly category: string;
    readonly codes: Readonly<Record<string, readonly string[]>>;
  }[];
};
export type RangeRule = { readonly id: string; readonly category: string; readonly of: readonly string[] };

/** @returns why a code is sensitive; a code without a system is looked up in every system (fail closed) */
export type CodeLookup = (system: string | undefined, code: string) => readonly CodeHit[];

type Range = { readonly from: string; readonly to: string; readonly hit: CodeHit };
const none: readonly CodeHit[] = [];
const icdShape = /^[A-TV-Z][0-9][0-9AB][0-9A-Z]{0,4}$/;

const fold = (uri: string): string => uri.trim().replace(/\/$/, '').toLowerCase();
const plainIcd = (code: string): string => code.replace(/[.\s†*+!]/g, '').toUpperCase();

export function makeCodeLookup(
  systems: readonly CodeSystem[],
  files: readonly ValueSetFile[],
  ranges: readonly RangeRule[],
): CodeLookup {
  const canonical = new Map(systems.flatMap((s) => [s.uri, ...s.aliases].map((name) => [fold(name), s] as const)));
  const bySystem = indexCodes(systems, files);
  const icd = systems.find((system) => system.icd10)?.uri ?? '';
  const byLetter = indexRanges(ranges, icd);
  const inSystem = (system: CodeSystem, code: string): readonly CodeHit[] => {
    const exact = codeForms(system, code).flatMap((form) => bySystem.get(system.uri)?.get(form) ?? none);
    return system.icd10 ? [...exact, ...inRanges(byLetter, plainIcd(code))] : exact;
  };
  return (name, code) => {
    if (name === undefined) return systems.flatMap((system) => inSystem(system, code));
    const system = canonical.get(fold(name));
    return system ? inSystem(system, code) : none;
  };
}

/** ICD-10 without dots; SNOMED CT expressions as the concepts they are made of (compositional grammar). */
function codeForms({ uri, icd10 }: CodeSystem, code: string): readonly string[] {
  if (icd10) return [plainIcd(code)];
  if (uri === 'http://snomed.info/sct' && !/^\d+$/.test(code)) return code.match(/\d{6,18}/g) ?? [];
  return [code.trim()];
}

function indexCodes(
  systems: readonly CodeSystem[],
  files: readonly ValueSetFile[],
): Map<string, Map<string, CodeHit[]>> {
  const index = new Map(systems.map(({ uri }) => [uri, new Map<string, CodeHit[]>()]));
  for (const { prefix, sets } of files)
    for (const { name, category, codes } of sets)
      for (const [uri, list] of Object.entries(codes)) {
        const system = systems.find((known) => known.uri === uri);
        const known = index.get(uri);
        if (!system || !known) throw new Error(`value set ${name}: system ${uri} is not in systems.yaml`);
        for (const code of list)
          push(known, system.icd10 ? plainIcd(code) : code, {
            category,
            rule: `${prefix}.${category}`,
            kind: 'code',
            system: uri,
            valueSet: name,
          });
      }
  return index;
}

function indexRanges(ranges: readonly RangeRule[], system: string): Map<string, Range[]> {
  const index = new Map<string, Range[]>();
  for (const { id, category, of } of ranges)
    for (const text of of) {
      const [from = '', to = from] = text.split('-').map(plainIcd);
      if (!icdShape.test(from) || !icdShape.test(to) || from > to) throw new Error(`ranges.yaml: ${id}: ${text}`);
      const range = { from, to, hit: { category, rule: id, kind: 'range', system } as const };
      for (let letter = from.charCodeAt(0); letter <= to.charCodeAt(0); letter++)
        push(index, String.fromCharCode(letter), range);
    }
  return index;
}

function inRanges(byLetter: Map<string, Range[]>, code: string): CodeHit[] {
  if (!icdShape.test(code)) return [];
  return (byLetter.get(code[0] ?? '') ?? [])
    .filter(({ from, to }) => code.slice(0, from.length) >= from && code.slice(0, to.length) <= to)
    .map(({ hit }) => hit);
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
