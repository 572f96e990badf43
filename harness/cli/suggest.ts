/** Number of single-letter edits (insert, delete, replace, swap of neighbours) between two words. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** The known word that was probably meant: a typing mistake away, or the one that it begins or is a part of. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (
    best !== undefined &&
    best.distance <= Math.max(1, Math.floor(Math.max(word.length, best.candidate.length) * 0.34))
  ) {
    return best.candidate;
  }
  const parts = known.filter((candidate) => lower.length >= 3 && candidate.toLowerCase().includes(lower));
  return parts.length === 1 ? parts[0] : undefined;
}

/** ` (did you mean "cni-wipe"?)`, or a list of what there is when nothing is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = closest(word, known);
  if (near !== undefined) return ` (did you mean "${near}"?)`;
  return known.length === 0 ? '' : ` (there are: ${known.join(', ')})`;
}
