import { advice } from './advice.en.js';
import { problems, type ProblemCode } from './problems.js';
import { zh } from './texts.zh.js';

export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

export interface Text {
  readonly title: string;
  /** what the reader can do about it */
  readonly advice: string;
}

/** The catalogue of a language. */
export function textOf(code: ProblemCode, language: Language = 'en'): Text {
  if (language === 'en') return { title: problems[code].title, advice: advice[code] };
  const [title, what] = zh[code];
  return { title, advice: what };
}

/**
 * The language that an Accept-Language header prefers among those there are (RFC 9110, 12.5.4); English when it prefers none.
 * Regions and scripts do not matter: `zh-Hans-CN` is `zh`.
 */
export function preferredLanguage(header: string | undefined): Language {
  const ranges = (header ?? '').slice(0, 256).split(',');
  const wanted = ranges.map((range, order) => {
    const [tag = '', ...parameters] = range
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    const quality = parameters
      .map((each) => /^q=([01](?:\.\d{0,3})?)$/.exec(each)?.[1])
      .find((each) => each !== undefined);
    return { language: tag.split('-')[0] ?? '', quality: Number(quality ?? 1), order };
  });
  const [best] = wanted
    .filter(({ language, quality }) => quality > 0 && (languages as readonly string[]).includes(language))
    .sort((a, b) => b.quality - a.quality || a.order - b.order);
  return (best?.language as Language | undefined) ?? 'en';
}
