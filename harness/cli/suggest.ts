import { distance } from 'fastest-levenshtein';

/** The known word that was probably meant: a typing mistake away, or the one that it begins or is a part of. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  if (
    best !== undefined &&
    best.edits <= Math.max(1, Math.floor(Math.max(word.length, best.candidate.length) * 0.34))
  ) {
    return best.candidate;
  }
  const parts = known.filter((candidate) => lower.length >= 3 && candidate.toLowerCase().includes(lower));
  return parts.length === 1 ? parts[0] : undefined;
}

/** ` (did you mean "cni-wipe"?)`; empty when nothing is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = closest(word, known);
  return near === undefined ? '' : ` (did you mean "${near}"?)`;
}

/** The same, or a list of what there is when nothing is near. */
export function didYouMeanOneOf(word: string, known: readonly string[]): string {
  const list = known.length === 0 ? '' : ` (there are: ${known.join(', ')})`;
  return didYouMean(word, known) || list;
}
