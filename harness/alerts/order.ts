import { selectorsOf } from './promql.ts';
import type { Rule, RuleGroup } from './rules.ts';

/** A rule with its group. */
export interface Placed {
  readonly rule: Rule;
  readonly group: RuleGroup;
}

/** The series that Prometheus itself writes for alerts. */
export const alertSeries = ['ALERTS', 'ALERTS_FOR_STATE'] as const;

/** Whether a rule gives what a selector of another one reads. */
function gives({ kind, name }: Rule, reader: Rule): boolean {
  return selectorsOf(reader.expr).some(({ metric, matchers }) => {
    if (kind === 'record') return metric === name;
    if (!alertSeries.some((series) => series === metric)) return false;
    const named = matchers.find(({ label, op }) => label === 'alertname' && op === '=');
    return named === undefined || named.value === name;
  });
}

/**
 * All rules, each after those whose series it reads, else in their files' order. Those that read one another, or themselves, come last and are told
 * apart: over stored data they are evaluated once, not from one instant to the next.
 */
export function evaluationOrder(groups: readonly RuleGroup[]): {
  readonly ordered: readonly Placed[];
  /** Those whose result is read by another one. */
  readonly read: ReadonlySet<Rule>;
  readonly circular: ReadonlySet<Rule>;
} {
  const all = groups.flatMap((group) => group.rules.map((rule): Placed => ({ rule, group })));
  const sources = new Map(
    all.map(({ rule }) => [rule, all.filter((other) => gives(other.rule, rule)).map((other) => other.rule)]),
  );
  const read = new Set([...sources.values()].flat());
  const done = new Set<Rule>();
  const ordered: Placed[] = [];
  let left = all;
  while (left.length > 0) {
    const ready = left.filter(({ rule }) => (sources.get(rule) ?? []).every((source) => done.has(source)));
    if (ready.length === 0)
      return { ordered: [...ordered, ...left], read, circular: new Set(left.map(({ rule }) => rule)) };
    for (const each of ready) done.add(each.rule);
    ordered.push(...ready);
    left = left.filter(({ rule }) => !done.has(rule));
  }
  return { ordered, read, circular: new Set() };
}
