/** Something that must not be so, and how it can be seen again. */
export interface Finding {
  /** number of the unit (an input, a kill, a delivery) in the campaign */
  readonly unit: number;
  readonly what: string;
  readonly detail: string;
}

/** What one part of a campaign found. */
export interface Outcome {
  /** how many of what happened; parts are added */
  readonly counts: Readonly<Record<string, number>>;
  /** the highest figure seen, unit in the name; of parts the highest is kept */
  readonly peaks: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** worth a look, and no defect by itself */
  readonly notes?: readonly Finding[];
}

export interface Part {
  readonly seed: number;
  /** units [from, to) of the campaign: the same seed and unit are always the same input */
  readonly from: number;
  readonly to: number;
  /** that this run ends with this part: what is looked at once is looked at now */
  readonly last?: boolean;
  /** called now and then with the number of units done of this part */
  readonly onProgress: (done: number) => void;
}

/** A hunt that can be run in full, in parts that each stand alone, or in a sample. */
export interface Campaign {
  readonly name: string;
  readonly about: string;
  /** units of the whole */
  readonly units: number;
  /** units of a part: what an interruption repeats */
  readonly part: number;
  run(part: Part): Promise<Outcome>;
}

export const nothing: Outcome = { counts: {}, peaks: {}, findings: [], notes: [] };

/** Most that is kept of each: one defect of a parser can show in every input. */
const kept = { findings: 200, notes: 1_000 };

/** What both parts found together. */
export function together(one: Outcome, other: Outcome): Outcome {
  const names = (key: 'counts' | 'peaks') =>
    [...new Set([...Object.keys(one[key]), ...Object.keys(other[key])])].sort();
  const of = (key: 'counts' | 'peaks', join: (a: number, b: number) => number) =>
    Object.fromEntries(names(key).map((name) => [name, join(one[key][name] ?? 0, other[key][name] ?? 0)]));
  return {
    counts: of('counts', (a, b) => a + b),
    peaks: of('peaks', Math.max),
    findings: [...one.findings, ...other.findings].slice(0, kept.findings),
    notes: [...(one.notes ?? []), ...(other.notes ?? [])].slice(0, kept.notes),
  };
}

/** Counts by name. */
export class Tally {
  readonly counts: Record<string, number> = {};

  add(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }
}
