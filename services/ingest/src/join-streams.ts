import type { Call, Queryable } from '@medshare/database';
import { MAX_FENCE_KEYS } from '@medshare/outbox';
import { problem, type Problem } from '@medshare/problems';
import type { Candidate } from './candidate.js';
import { findStreams, insertingAliases, type Alias } from './store/aliases.js';

/** Pairs known to be in the table; one that was forgotten costs a statement that changes nothing. */
const remembered = 50_000;

/**
 * Finds the streams that a merge, move or link joins. It may name a patient by any identifier (mostly a local number), while that
 * patient's messages are in the stream of another (mostly the region's): every further identifier is therefore remembered with the
 * stream in which it came.
 */
export class JoinStreams {
  private readonly known = new Set<string>();

  /** The calls that remember further identifiers, for the statement that makes durable the messages that carried them. */
  remembering(candidates: readonly Candidate[]): readonly Call[] {
    const fresh = aliasesOf(candidates).filter((alias) => !this.known.has(nameOf(alias)));
    for (const alias of fresh) this.known.add(nameOf(alias));
    for (const name of this.known) {
      if (this.known.size <= remembered) break;
      this.known.delete(name);
    }
    return fresh.length === 0 ? [] : [insertingAliases(fresh)];
  }

  /** After a transaction that failed: what it was to remember counts as unknown, as does the rest, which costs little. */
  forget(): void {
    this.known.clear();
  }

  /** @returns the other streams of each candidate, or what is wrong with it */
  async find(on: Queryable, candidates: readonly Candidate[]): Promise<(readonly string[] | Problem)[]> {
    const named = ({ link, aliases }: Candidate) => (link ? [...link.identifiers, ...aliases] : []);
    const streams = await findStreams(on, [...new Set(candidates.flatMap(named))]);
    // those of this group are not in the table yet
    for (const { identifier, patientKey } of aliasesOf(candidates))
      streams.set(identifier, [...(streams.get(identifier) ?? []), patientKey]);
    return candidates.map((candidate) => {
      const others = new Set(named(candidate).flatMap((each) => [each, ...(streams.get(each) ?? [])]));
      others.delete(candidate.patientKey);
      if (others.size < MAX_FENCE_KEYS) return [...others];
      return problem(candidate.kind === 'hl7v2' ? 'hl7.too-many' : 'request.too-large', {
        where: candidate.kind === 'hl7v2' ? 'MRG-1' : 'Bundle.entry',
        detail: `at most ${MAX_FENCE_KEYS} identifiers of joined patients`,
      });
    });
  }
}

const nameOf = ({ identifier, patientKey }: Alias): string => `${identifier} ${patientKey}`;

const aliasesOf = (candidates: readonly Candidate[]): Alias[] =>
  candidates.flatMap(({ aliases, patientKey }) => aliases.map((identifier): Alias => ({ identifier, patientKey })));
