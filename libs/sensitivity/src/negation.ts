import { alternatives } from './phrases.js';

/** Cues and reaches of one language, `policies/labels/text.yaml`. Reaches are counted in words (English) or characters (Chinese). */
export type NegationCues = {
  readonly before: readonly string[];
  readonly beforeReach: number;
  readonly list: readonly string[];
  readonly listReach: number;
  readonly after: readonly string[];
  readonly pseudo: readonly string[];
  readonly reverse: readonly string[];
  readonly stop: readonly string[];
};

/** @returns whether the mention text[start, end) is plainly negated; every doubt says no */
export type IsNegated = (text: string, start: number, end: number) => boolean;

const longestWindow = 160;
const sentenceEnd = /[.;!?\n。；！？](?=\s|$|[^\d])/;

/** After NegEx: exactly one cue reaches the mention, none is a pseudo-negation, and nothing between turns the denial to something else. */
export function makeNegation(language: 'en' | 'zh', cues: NegationCues): IsNegated {
  const any = (phrases: readonly string[], flags = 'g') => new RegExp(alternatives(language, phrases), flags);
  const all = any([...cues.pseudo, ...cues.before, ...cues.list]);
  const after = new RegExp(
    `^[ :=(\\-]*(?:(?:is|was|were|screen|test|result|use|history|screening)[ :=]+)?${alternatives(language, cues.after)}`,
  );
  const [pseudo, list, reverse, stop] = [
    new Set(cues.pseudo),
    new Set(cues.list),
    any(cues.reverse, ''),
    any(cues.stop, ''),
  ];
  const count = (between: string) =>
    language === 'en' ? between.split(/\s+/).filter(Boolean).length : between.trim().length;

  const reaches = (cue: string, between: string): boolean => {
    if (pseudo.has(cue) || stop.test(between)) return false;
    const clause = list.has(cue) && language === 'en' ? false : /[,，]/.test(between);
    return !clause && count(between) <= (list.has(cue) ? cues.listReach : cues.beforeReach);
  };

  return (text, start, end) => {
    const window = lastSentence(text.slice(Math.max(0, start - longestWindow), start));
    const found = [...window.matchAll(all)].map((match) => ({
      cue: match[0],
      between: window.slice(match.index + match[0].length),
    }));
    if (found.some(({ cue, between }) => pseudo.has(cue) && !stop.test(between))) return false;
    const reaching = found.filter(({ cue, between }) => reaches(cue, between));
    if (reaching.some(({ between }) => reverse.test(between))) return false;
    return reaching.length + (isDeniedAfter(text.slice(end, end + longestWindow), after) ? 1 : 0) === 1;
  };
}

/** The cue must close its clause: "cocaine: negative." but not "alcohol abuse negative chest film". */
function isDeniedAfter(rest: string, after: RegExp): boolean {
  const match = after.exec(rest);
  return match !== null && /^\s*([.,;，。；、)）\n]|$)/.test(rest.slice(match[0].length));
}

function lastSentence(text: string): string {
  const parts = text.split(new RegExp(sentenceEnd, 'g'));
  return parts[parts.length - 1] ?? '';
}
