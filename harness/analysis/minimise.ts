/** Trials of one candidate, by how they ended. */
export interface Tries {
  readonly recovered: number;
  readonly failed: number;
}

/** What the trials of a candidate show; `undecided` where they show neither by the time that there have been too many. */
export type Shown = 'recovers' | 'fails' | 'undecided';

/**
 * What is told apart: a runbook that ends the outage nine times in ten, and one that does three times in ten. Wald's sequential test at 5 % on both sides:
 * three trials that recover and none that does not, or two that do not and none that does, are enough.
 */
export const told = { recovers: 0.9, fails: 0.3, error: 0.05, atMost: 8 } as const;

/** What so many trials show; undefined as long as another is needed. */
export function shown({ recovered, failed }: Tries): Shown | undefined {
  const ratio =
    recovered * Math.log(told.fails / told.recovers) + failed * Math.log((1 - told.fails) / (1 - told.recovers));
  const bound = Math.log((1 - told.error) / told.error);
  if (ratio >= bound) return 'fails';
  if (ratio <= -bound) return 'recovers';
  return recovered + failed >= told.atMost ? 'undecided' : undefined;
}

/** Steps by their places in the runbook, from 0 and in order. */
export type Part = readonly number[];

/** The smallest part that was found, and what was learned on the way. */
export interface Minimal {
  /** No step of it can be left out; undefined where neither the whole runbook nor the whole without one step recovers. */
  readonly kept: Part | undefined;
  /** Steps that by themselves turn a part that recovers into one that does not. */
  readonly harmful: Part;
  /** Every part that was tried. */
  readonly tried: readonly { readonly part: Part; readonly shown: Shown }[];
}

/**
 * Finds a part of a runbook that recovers and of which no step can be left out: delta debugging (Zeller and Hildebrandt, 2002). Where the whole does not
 * recover, the whole without each of its steps is tried first: a step without which it does is harmful.
 * @param count of steps
 * @param first parts to be tried before all others, for it is likely that they are enough
 * @param tryPart trials of a part; called once for each. What is undecided is taken for failing.
 */
export async function minimise(
  count: number,
  first: readonly Part[],
  tryPart: (part: Part) => Promise<Shown>,
): Promise<Minimal> {
  const tried = new Map<string, { readonly part: Part; readonly shown: Shown }>();
  const recovers = async (part: Part): Promise<boolean> => {
    // Nothing is what the arm `wait` does.
    if (part.length === 0) return false;
    const key = part.join();
    const known = tried.get(key) ?? { part, shown: await tryPart(part) };
    tried.set(key, known);
    return known.shown === 'recovers';
  };
  const whole = [...Array(count).keys()];
  const harmful = new Set<number>();
  let kept: Part | undefined;
  if (await recovers(whole)) kept = whole;
  else
    for (const step of whole) {
      const rest = whole.filter((other) => other !== step);
      if (!(await recovers(rest))) continue;
      harmful.add(step);
      kept ??= rest;
    }
  if (kept !== undefined) {
    for (const part of first) {
      const of = part.filter((step) => kept?.includes(step));
      if (of.length < kept.length && (await recovers(of))) kept = of;
    }
    kept = await reduce(kept, recovers);
    for (const { part, shown: what } of tried.values()) {
      const added = part.filter((step) => kept?.includes(step) !== true);
      const [only] = added;
      if (what === 'fails' && only !== undefined && part.length === kept.length + 1 && added.length === 1)
        harmful.add(only);
    }
  }
  return { kept, harmful: [...harmful].sort((a, b) => a - b), tried: [...tried.values()] };
}

/** Delta debugging proper: parts and what is left without them, in ever finer pieces, until no single step can go. */
async function reduce(whole: Part, recovers: (part: Part) => Promise<boolean>): Promise<Part> {
  let kept = whole;
  let pieces = 2;
  while (kept.length > 1) {
    const size = Math.ceil(kept.length / pieces);
    const parts: readonly Part[] = Array.from({ length: Math.ceil(kept.length / size) }, (_, n) =>
      kept.slice(n * size, (n + 1) * size),
    );
    const without = parts.map((part) => kept.filter((step) => !part.includes(step)));
    let smaller: Part | undefined;
    // With two pieces each is what is left without the other.
    for (const part of pieces === 2 ? parts : [...parts, ...without])
      if (smaller === undefined && (await recovers(part))) smaller = part;
    if (smaller !== undefined) {
      pieces = parts.includes(smaller) ? 2 : Math.max(2, pieces - 1);
      kept = smaller;
    } else if (pieces >= kept.length) break;
    else pieces = Math.min(kept.length, pieces * 2);
  }
  return kept;
}
