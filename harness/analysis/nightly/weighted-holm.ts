import { sum } from '../numbers.ts';

/**
 * Weighted Holm adjustment: every p as it stands when all were asked together, those of great weight sooner believed; in the order given. The
 * least p over its weight is taken first, times the weight of all that are left. It is closed testing with weighted Bonferroni, so the chance of
 * any false one is kept whatever they have in common. With equal weights it is Holm's own. Weights need not add up to 1; all must be above 0.
 * Source: Holm, Scand. J. Stat. 6 (1979) 65, section 4.
 */
export function weightedHolm(asked: readonly { readonly p: number; readonly weight: number }[]): readonly number[] {
  const order = asked.map((a, i) => ({ ...a, i })).sort((a, b) => a.p / a.weight - b.p / b.weight || b.weight - a.weight);
  const out = asked.map(() => 1);
  let greatest = 0;
  order.forEach(({ p, weight, i }, rank) => {
    const left = sum(order.slice(rank).map((o) => o.weight));
    greatest = Math.max(greatest, Math.min(1, (p / weight) * left));
    out[i] = greatest;
  });
  return out;
}
