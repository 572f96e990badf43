/** What is asked of one arm: p of each of its times, and how much of the arm's error that time is given. Weights of an arm add up to 1. */
export type AskedTogether = readonly { readonly p: number; readonly weight: number }[];

/**
 * Every p as it stands when all times of all arms were asked together, in the same shape. Closed testing (Marcus, Peritz and Gabriel, Biometrika 63
 * (1976) 655) with weighted Bonferroni: all arms of which anything is still to be shown have the same share of the error, and an arm's times share
 * it by their weights; what is given to a time that is shown goes to the other one of its arm first, and from an arm of which all is shown to the
 * other arms. No share ever falls when something is shown, so going from the least p over its share upwards gives the same as trying all
 * intersections (Hommel, Bretz and Maurer, Stat. Med. 26 (2007) 4063). The chance of any false one is kept whatever they have in common. With one
 * time an arm it is Holm's.
 */
export function adjusted(arms: readonly AskedTogether[]): readonly (readonly number[])[] {
  const out = arms.map((times) => times.map(() => 1));
  let left = arms.flatMap((times, arm) => times.map((time, i) => ({ ...time, arm, i })));
  let greatest = 0;
  while (left.length > 0) {
    const open = new Set(left.map((t) => t.arm)).size;
    const [next] = left
      .map((t) => {
        const ofArm = left.reduce((s, other) => (other.arm === t.arm ? s + other.weight : s), 0);
        return { t, over: (t.p * open * ofArm) / t.weight };
      })
      .sort((x, y) => x.over - y.over || y.t.weight - x.t.weight);
    if (next === undefined) break;
    greatest = Math.max(greatest, Math.min(1, next.over));
    const row = out[next.t.arm];
    if (row !== undefined) row[next.t.i] = greatest;
    left = left.filter((t) => t !== next.t);
  }
  return out;
}
