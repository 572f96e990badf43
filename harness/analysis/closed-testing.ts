import type { CellTest } from './block-permutation.ts';

/** Above so many arms that can be found to differ there are too many cells: Bonferroni over the pairs then. */
export const closedMost = 12;

/**
 * p of each pair of arms, adjusted over all pairs by closed testing over partitions. What could be true of the arms as a whole is a partition:
 * within a cell they are all alike. A pair is found to differ when every partition that has both in one cell is rejected; so whatever the truth is,
 * a pair that is alike is found to differ only where the true partition was rejected, for which the chance is at most the level. A partition's p is
 * Bonferroni over its cells of two and more arms: their number times the least of their p.
 *
 * A cell that could not come to the level however its values were dealt out (two arms that never recovered) is not counted and has p = 1: it
 * cannot be what rejects, neither alone nor as one more to divide by (Tarone, Biometrics 46 (1990) 515). An arm that could come to it beside no
 * other (it was dropped after three blocks) is left out as a whole: nothing is said of it, so nothing is to be guarded.
 * Sources: Marcus, Peritz and Gabriel, Biometrika 63 (1976) 655; for partitions, Shaffer, J. Am. Stat. Assoc. 81 (1986) 826.
 *
 * @param test p of the cell of these arms, numbered from 0
 * @returns for each pair i < j its p, at `j * arms + i`
 */
export function closedTesting(arms: number, test: (cell: readonly number[]) => CellTest, level: number): Float64Array {
  const out = new Float64Array(arms * arms).fill(1);
  const pairs = new Map<string, CellTest>();
  const able = new Set<number>();
  for (let j = 1; j < arms; j++) {
    for (let i = 0; i < j; i++) {
      const found = test([i, j]);
      pairs.set(`${i} ${j}`, found);
      if (found.least > level) continue;
      able.add(i).add(j);
    }
  }
  const members = [...able].sort((x, y) => x - y);
  const ofCell = (cell: readonly number[]): CellTest => {
    const those = cell.map((arm) => members[arm] ?? 0);
    return pairs.get(those.map(String).join(' ')) ?? test(those);
  };
  const adjusted =
    members.length > closedMost ? bonferroni(members.length, ofCell, level) : closed(members.length, ofCell, level);
  members.forEach((j, y) => {
    members.slice(0, y).forEach((i, x) => {
      out[j * arms + i] = adjusted[y * members.length + x] ?? 1;
    });
  });
  return out;
}

function closed(arms: number, test: (cell: readonly number[]) => CellTest, level: number): Float64Array {
  const all = 2 ** arms - 1;
  // NaN: not counted.
  const ps = new Float64Array(all + 1).fill(NaN);
  for (let cell = 3; cell <= all; cell++) {
    if ((cell & (cell - 1)) === 0) continue;
    const { p, least } = test(membersOf(cell));
    if (least <= level) ps[cell] = p;
  }
  const most = arms >> 1;
  const best = rests(ps, all, most);
  const out = new Float64Array(arms * arms);
  for (let j = 1; j < arms; j++) for (let i = 0; i < j; i++) out[j * arms + i] = pairOf((1 << i) | (1 << j));
  return out;

  /** The greatest p of all partitions in which the pair is within one cell. */
  function pairOf(pair: number): number {
    if (Number.isNaN(ps[pair])) return 1;
    let greatest = 0;
    const others = all & ~pair;
    for (let more = others; ; more = (more - 1) & others) {
      const p = ps[pair | more] ?? NaN;
      // Such a cell beside nothing else is a partition that is not rejected.
      if (Number.isNaN(p)) return 1;
      const rest = (others & ~more) * (most + 1);
      for (let cells = 0; cells <= most; cells++) {
        greatest = Math.max(greatest, (cells + 1) * Math.min(p, best[rest + cells] ?? 0));
      }
      if (greatest >= 1) return 1;
      if (more === 0) return greatest;
    }
  }
}

const membersOf = (set: number): readonly number[] =>
  Array.from({ length: closedMost }, (_, arm) => arm).filter((arm) => (set & (1 << arm)) !== 0);

/** Of each set of arms, by how many counted cells it is cut into, the greatest that the least of their p can be; 0 where it cannot. */
function rests(ps: Float64Array, all: number, most: number): Float64Array {
  const width = most + 1;
  const best = new Float64Array((all + 1) * width);
  best[0] = Infinity;
  for (let set = 1; set <= all; set++) {
    const first = set & -set;
    const others = set ^ first;
    for (let cells = 0; cells < width; cells++) best[set * width + cells] = best[others * width + cells] ?? 0;
    for (let more = others; more > 0; more = (more - 1) & others) {
      const p = ps[first | more] ?? NaN;
      if (Number.isNaN(p)) continue;
      const rest = (others ^ more) * width;
      for (let cells = 1; cells < width; cells++) {
        const least = Math.min(p, best[rest + cells - 1] ?? 0);
        if (least > (best[set * width + cells] ?? 0)) best[set * width + cells] = least;
      }
    }
  }
  return best;
}

/** Every pair's own p times the pairs that could come to the level at all. */
function bonferroni(arms: number, test: (cell: readonly number[]) => CellTest, level: number): Float64Array {
  const out = new Float64Array(arms * arms).fill(1);
  let counted = 0;
  for (let j = 1; j < arms; j++) {
    for (let i = 0; i < j; i++) {
      const { p, least } = test([i, j]);
      if (least > level) continue;
      counted++;
      out[j * arms + i] = p;
    }
  }
  return out.map((p) => Math.min(1, p * counted));
}
