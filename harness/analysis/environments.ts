import type { TrialRecord } from '../model/record.ts';

/** A fact in which what is compared was not alike. `not recorded` stands for one that a side does not have. */
export interface Difference {
  readonly fact: string;
  readonly a: string;
  readonly b: string;
}

/**
 * Facts that differ from run to run by themselves, or are measured: addresses, how long things took, how the cluster was come by.
 * Every other fact is part of the fingerprint, so that one recorded for the first time counts without anybody listing it.
 */
const ofNoWeight = /^(addresses$|subnet$|seconds\.|cluster\.)/;

/** Where a trial ran, as far as it must be alike to be compared: kernel, CPUs, Docker, images, timers, profile. */
export function fingerprint(record: TrialRecord): ReadonlyMap<string, string> {
  // Earlier records know of one distribution.
  const facts = Object.entries({ distribution: 'kubeadm', ...record.environment, profile: record.profile });
  return new Map(facts.filter(([fact]) => !ofNoWeight.test(fact)));
}

/** Facts that follow from what the nodes run. */
const ofDistribution = /^(distribution$|provider$|version\.(kind|kubernetes|containerd)$|image\.node)/;

/**
 * Facts in which two sets of trials are not the same throughout, sorted by name.
 * @param across what the nodes run is what is compared: it and what follows from it is no difference
 */
export function environmentDifferences(
  a: readonly TrialRecord[],
  b: readonly TrialRecord[],
  across = false,
): readonly Difference[] {
  const ours = a.map(fingerprint);
  const theirs = a === b ? ours : b.map(fingerprint);
  const found = new Set<string>();
  for (const print of a === b ? ours : [...ours, ...theirs]) for (const fact of print.keys()) found.add(fact);
  const facts = [...found].sort();
  return facts.flatMap((fact) => {
    if (across && ofDistribution.test(fact)) return [];
    const [x, y] = [valuesOf(ours, fact), valuesOf(theirs, fact)];
    return x.length === 1 && y.length === 1 && x[0] === y[0] ? [] : [{ fact, a: x.join(' / '), b: y.join(' / ') }];
  });
}

function valuesOf(prints: readonly ReadonlyMap<string, string>[], fact: string): readonly string[] {
  return [...new Set(prints.map((print) => print.get(fact) ?? 'not recorded'))].sort();
}
