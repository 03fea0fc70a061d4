import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { parse } from 'yaml';
import { z } from 'zod';
import { lintFormula, type Finding } from '@medshare/crypto/lint-formula';
import { isProblem, problem } from '@medshare/problems';
import { makeCedar, type Cedar } from './cedar.js';
import { instantiateFormula, type FormulaTemplate } from './formula-template.js';
import { makeLegalBasisLookup, type LegalBasisLookup } from './legal-basis.js';
import { formulasFile, legalBasisFile, type FormulasFile, type LegalBasisFile } from './policy-files.js';

/** The files of a region's access policy, relative to `policies/`; more `access/*.cedar` may be given. */
export const accessPolicyFiles = (region: string): readonly string[] => [
  `legal-basis/${region}.yaml`,
  `formulas/${region}.yaml`,
  'access/schema.cedarschema',
  'access/forbid.cedar',
  'access/permit.cedar',
];

export type AccessPolicy = {
  /** base64url SHA-256 over all files and the members */
  readonly hash: string;
  readonly members: ReadonlySet<string>;
  readonly legalBasis: LegalBasisLookup;
  readonly legal: LegalBasisFile;
  readonly formulas: Readonly<Record<string, FormulaTemplate>>;
  /** @returns the name of a class's formula, undefined if it has none */
  readonly formulaNameOf: (sectionClass: string) => string | undefined;
  /** institutions that can block, as `<formula>: <institution>`; errors never get this far */
  readonly warnings: readonly string[];
  readonly cedar: Cedar;
};

/**
 * Makes an access policy out of its files' texts by name and the region's members.
 * @throws Problem `config.invalid` naming the file and the finding, also for a formula that one institution can fill alone
 */
export function loadAccessPolicy(
  files: Readonly<Record<string, string>>,
  options: { readonly members: readonly string[] },
): AccessPolicy {
  const members = [...new Set(options.members)].sort();
  const hash = hashOf(files, members);
  const legalFile = only(files, 'legal-basis/');
  const formulas = only(files, 'formulas/');
  const legal = guard(legalFile, () => legalBasisFile.parse(parse(files[legalFile] ?? '')));
  const templates = guard(formulas, () => formulasFile.parse(parse(files[formulas] ?? '')));
  const formulaNameOf = nameLookup(templates);
  const warnings = guard(formulas, () => lintTemplates(templates, members));
  guard(legalFile, () => checkFormulaNames(legal, templates));
  const cedarFiles = Object.keys(files)
    .filter((name) => /^access\/.*\.cedar$/.test(name))
    .sort();
  const schema = files['access/schema.cedarschema'];
  const missing = ['access/forbid.cedar', 'access/permit.cedar'].find((name) => !cedarFiles.includes(name));
  if (schema === undefined || missing) throw invalid(missing ?? 'access/schema.cedarschema', 'the file is missing');
  return {
    hash,
    members: new Set(members),
    legal,
    legalBasis: guard(legalFile, () => makeLegalBasisLookup(legal)),
    formulas: templates.formulas,
    formulaNameOf,
    warnings,
    cedar: guard('access/', () =>
      makeCedar(
        hash,
        schema,
        cedarFiles.map((name) => files[name] ?? ''),
      ),
    ),
  };
}

const invalid = (where: string, detail: string) => problem('config.invalid', { where: `policies/${where}`, detail });

function guard<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (isProblem(cause)) throw invalid(name, cause.message);
    if (cause instanceof z.ZodError) throw invalid(name, firstOf(cause));
    throw invalid(name, cause instanceof Error ? cause.message.slice(0, 400) : 'cannot be read');
  }
}

const firstOf = ({ issues: [issue] }: z.ZodError): string => `${issue?.path.join('.')}: ${issue?.message}`;

function only(files: Readonly<Record<string, string>>, folder: string): string {
  const [name, more] = Object.keys(files).filter((file) => file.startsWith(folder) && file.endsWith('.yaml'));
  if (name === undefined || more !== undefined) throw invalid(folder, 'exactly one file is needed');
  return name;
}

const nameLookup =
  ({ classes }: FormulasFile) =>
  (sectionClass: string): string | undefined =>
    Object.hasOwn(classes, sectionClass)
      ? classes[sectionClass]
      : sectionClass.startsWith('sensitive:')
        ? classes['sensitive:*']
        : undefined;

/** The key is dealt by the class's formula; a row that names another one would promise what nobody can keep. */
function checkFormulaNames(legal: LegalBasisFile, { classes }: FormulasFile): void {
  for (const { id, formula, classes: patterns } of legal.rows)
    for (const pattern of patterns) {
      const covered = Object.keys(classes).filter(
        (name) => name === pattern || (pattern === 'sensitive:*' && name.startsWith('sensitive:')),
      );
      const fallback = pattern.startsWith('sensitive:') && covered.length === 0 ? ['sensitive:*'] : covered;
      const names = fallback.map((name) => classes[name]);
      if (names.length === 0 || names.includes(undefined))
        throw new Error(`row ${id}: class ${pattern} has no formula`);
      if (formula !== 'class' && names.some((name) => name !== formula))
        throw new Error(`row ${id}: class ${pattern} is sealed under ${names.join(', ')}, not ${formula}`);
    }
}

function lintTemplates({ classes, formulas }: FormulasFile, members: readonly string[]): string[] {
  const unknown = Object.values(classes).find((name) => !Object.hasOwn(formulas, name));
  if (unknown) throw new Error(`formula ${unknown} is not defined`);
  const findings = Object.entries(formulas).flatMap(([name, template]) =>
    members.flatMap((source) =>
      lintFormula(instantiateFormula(template, { source, members }), members).map((found) => ({
        name,
        source,
        ...found,
      })),
    ),
  );
  const say = ({ name, source, rule, about }: Finding & { name: string; source: string }) =>
    `${name} of records of ${source}: ${rule} ${about}`;
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.slice(0, 5).map(say).join('; '));
  return findings.map(say);
}

function hashOf(files: Readonly<Record<string, string>>, members: readonly string[]): string {
  const hash = sha256.create();
  const names = Object.keys(files).sort();
  for (const part of [...members, '', ...names.flatMap((name) => [name, files[name] ?? ''])]) {
    const bytes = utf8ToBytes(part);
    hash.update(utf8ToBytes(`${bytes.length}:`)).update(bytes);
  }
  return btoa(String.fromCharCode(...hash.digest()))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
