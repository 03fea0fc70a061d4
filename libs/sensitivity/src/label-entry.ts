import type { Basis, Issue, Label } from './classification.js';
import type { LabelPolicy } from './label-policy.js';
import { normalise, textOfXhtml } from './phrases.js';
import { walkResource } from './walk-resource.js';

/** A reference met in an entry, with the names of the elements on the way to it. */
export type Reference = { readonly target: string; readonly elements: readonly string[] };

/** What an entry says by itself, before labels travel along references. */
export type EntryLabels = {
  readonly labels: readonly Label[];
  readonly issues: readonly Issue[];
  readonly references: readonly Reference[];
};

const inspectable = /^(text\/|application\/((fhir\+)?(xml|json)|rtf)\b)/i;

/** Labels one value (an entry, or the Bundle's own `meta`), every reason once. @param at its path, `Bundle.entry[3]` */
export function labelEntry(value: unknown, at: string, policy: LabelPolicy): EntryLabels {
  const labels = new Map<string, Label>();
  const issues: Issue[] = [];
  const references: Reference[] = [];
  const add = (category: string, path: string, basis: Basis) => {
    const known = policy.categories.get(category);
    const id = `${path} ${category} ${basis.rule} ${basis.valueSet ?? ''}`;
    if (known && !labels.has(id)) labels.set(id, { path, confidentiality: known.confidentiality, category, basis });
  };
  const addText = (text: string, path: () => string) => {
    for (const { id, category } of policy.texts(text)) add(category, path(), { rule: id, kind: 'text' });
  };
  walkResource(value, at, {
    coding: (system, code, path) => {
      for (const { category, ...basis } of policy.codes(system, code)) add(category, path(), basis);
    },
    text: (key, text, path) => {
      if (key === 'linkId') for (const hit of loincOfLinkId(text, policy)) add(hit.category, path(), hit.basis);
      if (!policy.skip.has(key)) addText(key === 'div' ? textOfXhtml(text) : text, path);
    },
    content: (data, contentType, path) => {
      const text = inspectable.test(contentType ?? '') ? decode(data) : undefined;
      if (text !== undefined) return addText(textOfXhtml(text), path);
      add(policy.uninspected, path(), { rule: 'content.opaque', kind: 'opaque' });
      issues.push({ code: 'not-inspected', path: path() });
    },
    reference: (target, elements) => references.push({ target, elements }),
  });
  return { labels: [...labels.values()], issues, references };
}

/** Questionnaires made out of LOINC panels carry the code in `linkId`: `/44249-1/44250-9`. */
function loincOfLinkId(linkId: string, policy: LabelPolicy): { category: string; basis: Basis }[] {
  const codes = normalise(linkId).match(/(?<![\d-])\d{1,6}-\d(?!\d)/g) ?? [];
  return codes
    .flatMap((code) => policy.codes('http://loinc.org', code))
    .map(({ category, ...basis }) => ({ category, basis }));
}

/** @returns undefined if it is no base64 or no UTF-8: then it was not looked into */
function decode(base64: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64.replace(/\s/g, '')), (char) => char.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
