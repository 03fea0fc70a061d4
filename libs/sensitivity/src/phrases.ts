const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Any of some phrases, longest first; English ones as whole words (a trailing * is any ending), Chinese ones as they stand. */
export function alternatives(language: 'en' | 'zh', phrases: readonly string[]): string {
  const sorted = [...phrases].map(normalise).sort((a, b) => b.length - a.length);
  if (language === 'zh') return `(?:${sorted.map(escape).join('|')})`;
  return `(?:${sorted.map(wholeWords).join('|')})`;
}

function wholeWords(phrase: string): string {
  const open = phrase.endsWith('*');
  const body = escape(open ? phrase.slice(0, -1) : phrase);
  const head = /^[a-z0-9]/.test(phrase) ? '(?<![a-z0-9])' : '';
  return `${head}${body}${open ? '[a-z]*' : '(?![a-z0-9])'}`;
}

/** Compatibility forms folded (full-width letters), invisible characters out, lower case, single blanks; line ends stay. */
export function normalise(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, '')
    .toLowerCase()
    .replace(/[^\S\n]+/g, ' ');
}

const inline =
  /<\/?(?:a|abbr|acronym|b|big|cite|code|dfn|em|i|kbd|q|samp|small|span|strong|sub|sup|tt|var)(?:\s[^<>]*)?>/gi;
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** The readable text of XHTML: inline tags vanish ("H<b>I</b>V" reads HIV), others end a line; comments are read too. */
export function textOfXhtml(xhtml: string): string {
  return xhtml
    .replace(inline, '')
    .replace(/<(!--)?|(--)?>/g, '\n')
    .replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,6});/gi, (whole, name: string) => entity(name) ?? whole);
}

function entity(name: string): string | undefined {
  if (!name.startsWith('#')) return entities[name.toLowerCase()];
  const point = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
}
