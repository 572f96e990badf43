import { quickselect } from 'simple-statistics';
import { seeded } from '../model/random.ts';
import type { Bounds } from './stats.ts';

/** Up to so many differences (or values of two samples together) every arrangement is counted; beyond it, a seeded sample. */
const exactMost = 32;
/** Up to so many differences the interval is made of all subsets; beyond it, of so many drawn ones. */
const subsetsMost = 14;
const subsetsDrawn = (values: number): number => (values > 100 ? 2047 : 4095);
/** Arrangements of a sample of so many values; where p is not small it ends after so many that were as far from 0. */
const roundsOf = (values: number): number => Math.min(19_999, Math.max(1999, Math.floor(2_000_000 / values)));
const hitsEnough = 600;

/**
 * Two-sided p of the sign-flip permutation test: how often the differences' mean would be as far from 0 if each had its sign by
 * chance, which is so when A and B in a block are exchangeable; their order in a block is drawn at random. All 2^n signs are
 * counted (two halves, sorted, met in the middle), beyond 32 differences seeded ones, the observed one among them: 19,999, of
 * more than 100 differences fewer (two million values in all, 1999 at least), or as many as it takes for 600 that are as far.
 * Source: Fisher, The Design of Experiments (1935), section 21; for the sample, Phipson and Smyth, Stat. Appl. Genet. Mol.
 * Biol. 9 (2010), article 39, and Besag and Clifford, Biometrika 78 (1991) 301. 1 for no differences.
 */
export function signFlip(differences: readonly number[], seed = 1): number {
  const total = sum(differences);
  if (total === 0) return 1;
  // A set of flipped differences leaves the sum as great as it was when its own sum is not above 0.
  const values = total > 0 ? differences : differences.map((d) => -d);
  if (values.length > exactMost) {
    const draw = subsetDraw(values, seed);
    const rounds = roundsOf(values.length);
    let hits = 0;
    for (let round = 1; round <= rounds; round++) {
      if (draw().sum > 0) continue;
      hits++;
      if (hits === hitsEnough) return Math.min(1, (2 * hits) / round);
    }
    return Math.min(1, (2 * (hits + 1)) / (rounds + 1));
  }
  const half = values.length >>> 1;
  const left = sortedSubsetSums(values.slice(0, half));
  const right = sortedSubsetSums(values.slice(half));
  let count = 0;
  let below = right.length;
  for (const a of left) {
    while (below > 0 && (right[below - 1] ?? 0) + a > 0) below--;
    count += below;
  }
  return Math.min(1, (2 * count) / 2 ** values.length);
}

/**
 * The 95 % interval that belongs to the sign-flip test: all shifts that it does not reject, so 0 lies outside exactly when p is
 * not above 0.05. Its ends are order statistics of the means of all subsets: the 2^n − 1 means cut the line into 2^n pieces, and
 * the true centre of symmetric differences lies in each with the same chance. Beyond 14 differences, 4095 seeded subsets, 2047 beyond 100.
 * Source: Hartigan, J. Am. Stat. Assoc. 64 (1969) 1303, "Using subsample values as typical values".
 * Undefined below six differences, where no such interval has 95 %.
 */
export function signFlipInterval(differences: readonly number[], seed = 1): Bounds | undefined {
  const n = differences.length;
  if (n < leastPairs(1)) return undefined;
  const values = [...differences].sort((a, b) => a - b);
  const means = n <= subsetsMost ? subsetMeans(values) : drawnMeans(values, seed);
  const k = Math.floor(0.025 * (means.length + 1));
  const nth = (i: number): number => {
    // Two of thousands are wanted: sorting all of them would be nearly all that a comparison costs.
    quickselect(means as unknown as number[], i);
    return means[i] ?? 0;
  };
  return { lo: nth(k - 1), hi: nth(means.length - k) };
}

/** Means of all subsets but the empty one. */
function subsetMeans(values: readonly number[]): Float64Array {
  const sums = subsetSums(values);
  const sizes = new Uint8Array(sums.length);
  for (let set = 1; set < sums.length; set++) {
    sizes[set] = (sizes[set >> 1] ?? 0) + (set & 1);
    sums[set] = (sums[set] ?? 0) / (sizes[set] ?? 1);
  }
  return sums.subarray(1);
}

function drawnMeans(values: readonly number[], seed: number): Float64Array {
  const draw = subsetDraw(values, seed);
  const means = new Float64Array(subsetsDrawn(values.length));
  for (let i = 0; i < means.length;) {
    const { sum, size } = draw();
    if (size > 0) means[i++] = sum / size;
  }
  return means;
}

/**
 * Draws subsets, each value in one or not with the same chance; the same subsets for values in any order. Eight values at a time: their
 * 256 subsets are summed once, and one random number chooses among those of four such groups. The object it returns is always the same one.
 */
function subsetDraw(values: readonly number[], seed: number): () => { readonly sum: number; readonly size: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const groups = Array.from({ length: Math.ceil(sorted.length / 8) }, (_, g) => sorted.slice(8 * g, 8 * g + 8));
  const sums = new Float64Array(groups.length * 256);
  const sizes = new Uint8Array(groups.length * 256);
  groups.forEach((group, g) => {
    const own = subsetSums(group);
    for (let set = 0; set < 256; set++) {
      const within = set & (own.length - 1);
      sums[g * 256 + set] = own[within] ?? 0;
      sizes[g * 256 + set] = bitsOf(within);
    }
  });
  const random = seeded(seed);
  const drawn = { sum: 0, size: 0 };
  return () => {
    drawn.sum = 0;
    drawn.size = 0;
    let bits = 0;
    for (let g = 0; g < groups.length; g++) {
      bits = (g & 3) === 0 ? Math.floor(random() * 2 ** 32) : bits >>> 8;
      const at = g * 256 + (bits & 255);
      drawn.sum += sums[at] ?? 0;
      drawn.size += sizes[at] ?? 0;
    }
    return drawn;
  };
}

const bitsOf = (set: number): number => (set === 0 ? 0 : (set & 1) + bitsOf(set >>> 1));

/**
 * Two-sided p of the permutation test of two samples with nothing in common: how often mean(b) − mean(a) would be as far from 0
 * if the values were dealt out again. All deals are counted up to 32 values together, beyond that seeded ones as above.
 * Sources: Pitman, J. R. Stat. Soc. Suppl. 4 (1937) 119; Phipson and Smyth 2010 as above. 1 when either sample is empty.
 */
export function twoSample(a: readonly number[], b: readonly number[], seed = 1): number {
  if (a.length === 0 || b.length === 0) return 1;
  // The smaller sample is dealt, from sorted values: neither the order nor the names matter.
  const [small, large] = a.length <= b.length ? [a, b] : [b, a];
  const k = small.length;
  const pool = [...small, ...large].sort((x, y) => x - y);
  const all = sum(pool);
  const n = pool.length;
  // |mean(small) − mean(large)|, times both sizes so that whole milliseconds stay whole.
  const distance = (s: number): number => Math.abs(s * n - all * k);
  const observed = distance(sum(small));
  if (observed === 0) return 1;
  const enough = observed - 1e-9 * Math.max(1, observed);
  if (n > exactMost) {
    const random = seeded(seed);
    const rounds = roundsOf(n);
    let hits = 0;
    for (let round = 1; round <= rounds; round++) {
      // Selection sampling: each value in turn with the chance that makes k in the end (Knuth, algorithm S).
      let left = k;
      let dealt = 0;
      for (let j = 0; j < n && left > 0; j++) {
        if (random() * (n - j) < left) {
          dealt += pool[j] ?? 0;
          left--;
        }
      }
      if (distance(dealt) >= enough) hits++;
      if (hits === hitsEnough) return hits / round;
    }
    return (hits + 1) / (rounds + 1);
  }
  const half = n >>> 1;
  const left = sumsBySize(pool.slice(0, half));
  const right = sumsBySize(pool.slice(half));
  let hits = 0;
  let deals = 0;
  for (let size = 0; size <= k; size++) {
    const [ours, theirs] = [left[size], right[k - size]];
    if (ours === undefined || theirs === undefined) continue;
    deals += ours.length * theirs.length;
    // Of each of ours, the sums between two limits are not far enough; both limits fall as ours rise.
    let [from, to] = [theirs.length, theirs.length];
    for (const s of ours) {
      while (to > 0 && !below(s + (theirs[to - 1] ?? 0), true)) to--;
      while (from > 0 && !below(s + (theirs[from - 1] ?? 0), false)) from--;
      hits += theirs.length - (to - from);
    }
  }
  return hits / deals;

  /** Whether a deal is on the lower side of the upper limit, or far enough below the lower limit. */
  function below(dealt: number, upper: boolean): boolean {
    const signed = dealt * n - all * k;
    return upper ? signed < enough : signed <= -enough;
  }
}

/**
 * Holm's step-down adjustment where each p has its own share of the whole error: every p as it stands when so many were asked together, in the order given. The one with
 * the least p / weight first, times the weights of all that are left. Scand. J. Stat. 6 (1979) 65, section 4; with equal weights, section 3.
 */
export function weightedHolm(ps: readonly number[], weights: readonly number[]): readonly number[] {
  const weightOf = (i: number): number => weights[i] ?? 0;
  const order = ps.map((p, i) => ({ p, i })).sort((x, y) => x.p / weightOf(x.i) - y.p / weightOf(y.i));
  const out = ps.map(() => 1);
  let greatest = 0;
  order.forEach(({ p, i }, rank) => {
    const left = order.slice(rank).reduce((sum, o) => sum + weightOf(o.i), 0);
    greatest = Math.max(greatest, Math.min(1, (p * left) / weightOf(i)));
    out[i] = greatest;
  });
  return out;
}

/** Fewest pairs with which the sign-flip test's p, times `comparisons`, can be 0.05: 2^(1−n) ≤ 0.05 / m. */
export const leastPairs = (comparisons: number): number =>
  1 + Math.ceil(Math.log2(Math.max(1, comparisons) / 0.05) - 1e-12);

function subsetSums(values: readonly number[]): Float64Array {
  const sums = new Float64Array(2 ** values.length);
  values.forEach((value, i) => {
    for (let set = 0; set < 2 ** i; set++) sums[2 ** i + set] = (sums[set] ?? 0) + value;
  });
  return sums;
}

/** Sums of all subsets, sorted: for each value, those without it and those with it are merged. */
function sortedSubsetSums(values: readonly number[]): Float64Array {
  let sums = new Float64Array(1);
  for (const value of values) {
    const n = sums.length;
    const merged = new Float64Array(2 * n);
    for (let at = 0, without = 0, having = 0; at < 2 * n; at++) {
      const [x, y] = [
        without < n ? (sums[without] ?? 0) : Infinity,
        having < n ? (sums[having] ?? 0) + value : Infinity,
      ];
      if (x <= y) {
        merged[at] = x;
        without++;
      } else {
        merged[at] = y;
        having++;
      }
    }
    sums = merged;
  }
  return sums;
}

/** Sums of all subsets by their size, each list sorted. */
function sumsBySize(values: readonly number[]): readonly Float64Array[] {
  let lists: number[][] = [[0]];
  for (const value of values) {
    lists = Array.from({ length: lists.length + 1 }, (_, size) => [
      ...(lists[size] ?? []),
      ...(lists[size - 1] ?? []).map((s) => s + value),
    ]);
  }
  return lists.map((list) => Float64Array.from(list).sort());
}

const sum = (values: readonly number[]): number => [...values].sort((a, b) => a - b).reduce((s, v) => s + v, 0);
