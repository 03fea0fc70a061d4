import { makeNegation, type IsNegated, type NegationCues } from './negation.js';
import { alternatives, normalise } from './phrases.js';

export type Language = 'en' | 'zh';
export type TextRule = {
  readonly id: string;
  readonly category: string;
  readonly negation: 'ignore' | 'respect';
  readonly en: readonly string[];
  readonly zh: readonly string[];
};
export type TextPolicy = {
  readonly rules: readonly TextRule[];
  readonly notMeant: Readonly<Record<Language, readonly string[]>>;
  readonly negation: Readonly<Record<Language, NegationCues>>;
};
/** @returns the rules that a text meets, each once */
export type TextLookup = (text: string) => readonly TextRule[];

type Compiled = {
  readonly anyTerm: RegExp;
  readonly rules: readonly { readonly rule: TextRule; readonly terms: RegExp }[];
  readonly notMeant: RegExp;
  readonly isNegated: IsNegated;
};

/** Longer texts are read in pieces that overlap by the longest thing that can matter, so that nothing falls between them. */
const piece = 64 * 1024;
const overlap = 512;

export function makeTextLookup(policy: TextPolicy): TextLookup {
  const languages = (['en', 'zh'] as const).map((language) => compile(language, policy));
  return (raw) => {
    if (raw.length < 2 || raw === 'final') return [];
    const text = normalise(raw);
    const met = new Set<TextRule>();
    for (let at = 0; at < text.length; at += piece - overlap)
      for (const language of languages) meet(text.slice(at, at + piece), language, met);
    return [...met];
  };
}

function compile(language: Language, policy: TextPolicy): Compiled {
  const rules = policy.rules.filter((rule) => rule[language].length > 0);
  return {
    anyTerm: new RegExp(
      alternatives(
        language,
        rules.flatMap((rule) => rule[language]),
      ),
    ),
    rules: rules.map((rule) => ({ rule, terms: new RegExp(alternatives(language, rule[language]), 'g') })),
    notMeant: new RegExp(alternatives(language, policy.notMeant[language]), 'g'),
    isNegated: makeNegation(language, policy.negation[language]),
  };
}

function meet(whole: string, { anyTerm, rules, notMeant, isNegated }: Compiled, met: Set<TextRule>): void {
  if (!anyTerm.test(whole)) return; // nearly every text ends here
  const text = whole.replace(notMeant, ' _ ');
  for (const { rule, terms } of rules) {
    if (met.has(rule)) continue;
    for (const match of text.matchAll(terms)) {
      if (rule.negation === 'respect' && isNegated(text, match.index, match.index + match[0].length)) continue;
      met.add(rule);
      break;
    }
  }
}
