import type { Classification, Label, LabelPolicy, Level, Section } from '@medshare/sensitivity';

/** What the vault seals beside a section's bytes; paths count the section's own entries. */
export interface LabelledSection {
  class: string;
  level: Level;
  labels: Label[];
}

const entryPath = /^Bundle\.entry\[(\d+)\]/;

/** Labels and level of each section by itself: an ordinary section must not tell that the record had others. */
export function labelSections({ sections, labels, level }: Classification, policy: LabelPolicy): LabelledSection[] {
  return sections.map((section) => ({
    class: section.class,
    level: levelOf(section, level, policy),
    labels: labels.flatMap((label) => ownLabel(section, label)),
  }));
}

function ownLabel({ entries }: Section, label: Label): Label[] {
  const position = entryPath.exec(label.path)?.[1];
  // a label on the whole Bundle holds for each of its parts
  if (position === undefined) return [label];
  const own = entries.indexOf(Number(position));
  return own < 0 ? [] : [{ ...label, path: label.path.replace(entryPath, `Bundle.entry[${own}]`) }];
}

function levelOf(section: Section, recordLevel: Level, policy: LabelPolicy): Level {
  const { levels, categories } = policy;
  if (section.class === 'ordinary') return recordLevel > levels.N ? levels.N : recordLevel;
  const own = [...categories.values()].filter((category) => category.class === section.class);
  return own.reduce<Level>((top, { confidentiality }) => higher(top, levels[confidentiality]), levels.N);
}

const higher = (a: Level, b: Level): Level => (a > b ? a : b);
