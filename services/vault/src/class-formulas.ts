import { parseFormula, type Formula } from '@medshare/crypto/formula';
import { lintFormula } from '@medshare/crypto/lint-formula';
import type { Region } from '@medshare/events';
import { instantiateFormula } from '@medshare/policy';
import { formulasFile, type FormulasFile } from '@medshare/policy/policy-files';
import { problem } from '@medshare/problems';
import { parse } from 'yaml';

/** Under which formula this institution deals the key of a class: `policies/formulas/<region>.yaml`. */
export class ClassFormulas {
  private readonly file: FormulasFile;
  private readonly members: string[];

  /** @throws Problem config.invalid */
  constructor(
    files: Readonly<Record<string, string>>,
    private readonly institution: string,
    region: Region,
  ) {
    this.members = region.members.map(({ id }) => id);
    const name = `${region.region}.yaml`;
    const parsed = formulasFile.safeParse(parse(files[name] ?? ''));
    if (!parsed.success) throw problem('config.invalid', { where: `policies/formulas/${name}`, cause: parsed.error });
    this.file = parsed.data;
  }

  /** @throws Problem vault.formula when the class has none, or one that must not be dealt */
  formulaOf(sectionClass: string): Formula {
    const { classes, formulas } = this.file;
    const template = formulas[classes[sectionClass] ?? classes['sensitive:*'] ?? ''];
    if (!template) throw problem('vault.formula', { where: sectionClass, detail: 'no formula' });
    const formula = instantiateFormula(template, { source: this.institution, members: this.members });
    const wrong = lintFormula(formula, this.members).find(({ severity }) => severity === 'error');
    if (wrong) throw problem('vault.formula', { where: wrong.about, detail: wrong.rule });
    return parseFormula(formula);
  }
}
