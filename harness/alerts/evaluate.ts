import { oneLine } from '../model/errors.ts';
import { alertSeries, evaluationOrder, type Placed } from './order.ts';
import { isSimple, labelKey, ruleLabels, type Labels } from './labels.ts';
import { missingFor, usesQueryRange } from './promql.ts';
import type { Series } from './remote-write.ts';
import type { Rule, RuleGroup } from './rules.ts';
import type { Answer, Server } from './server.ts';
import { alertSpans, type AlertSpan, type Evaluation } from './state.ts';

/** What an alert rule's expression gave over a trial, before any `for`. */
export interface History {
  readonly rule: Rule;
  readonly intervalMs: number;
  /** Unix ms, ascending. An instant at which Prometheus could not evaluate it is not among them. */
  readonly evaluations: readonly (readonly [atMs: number, result: Evaluation])[];
  /** Series without which it can never fire, of which there is none in this trial. */
  readonly missing: readonly string[];
  /** What was wrong with its evaluation, in one line. */
  readonly trouble?: string;
}

/** Over which data, and how often. Unix ms. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
  /** For groups without an interval of their own. */
  readonly evaluationMs: number;
  /** In place of every interval. */
  readonly everyMs?: number;
}

/** How many expressions are evaluated at once: a Prometheus takes twenty, and this machine has few cores. */
const atOnce = 4;

/**
 * Evaluates rules over a server's data as Prometheus would have: at each group's interval, recording rules first and their series written where others
 * read them. What it changes of the server's data are the series of these names.
 *
 * Instants are whole multiples of the interval; a Prometheus that runs has them shifted by less than one. A rule that reads what is recorded at the same
 * interval sees it at the same instant.
 * @param groups their times as this trial's clock has them (`scaleRules`)
 */
export async function evaluateRules(
  server: Pick<Server, 'queryRange' | 'names' | 'write' | 'forget'>,
  groups: readonly RuleGroup[],
  window: Window,
): Promise<readonly History[]> {
  const { ordered, read, circular } = evaluationOrder(groups);
  const known = new Set(await server.names());
  const replaced = ordered.flatMap(({ rule }) =>
    read.has(rule) ? (rule.kind === 'record' ? [rule.name] : alertSeries) : [],
  );
  await server.forget([...new Set(replaced)].filter((name) => known.has(name)));
  for (const name of replaced) known.delete(name);
  const histories = new Map<Rule, History>();

  const one = async ({ rule, group }: Placed): Promise<void> => {
    if (rule.kind === 'record' && !read.has(rule)) return;
    const intervalMs = window.everyMs ?? group.intervalMs ?? window.evaluationMs;
    const missing = missingFor(rule.expr, (name) => known.has(name));
    const found =
      missing.length > 0
        ? { answers: [], failed: new Set<number>() }
        : await ask(server, rule, group, intervalMs, window);
    if (rule.kind === 'record') {
      const series = recorded(rule, found.answers, intervalMs, window);
      if (series.length > 0) known.add(rule.name);
      await server.write(series);
      return;
    }
    const { evaluations, twins } = evaluationsOf(rule, found, group.offsetMs, intervalMs, window);
    const trouble =
      found.trouble ??
      (twins > 0
        ? `two alerts with the same labels at ${twins} of ${evaluations.length + twins} evaluations`
        : circular.has(rule)
          ? 'reads its own result, which is not followed from one evaluation to the next'
          : Object.values(rule.labels).every(isSimple)
            ? undefined
            : 'a label has a template that is not filled in here');
    const history: History = { rule, intervalMs, evaluations, missing, ...(trouble === undefined ? {} : { trouble }) };
    histories.set(rule, history);
    if (!read.has(rule)) return;
    for (const name of alertSeries) known.add(name);
    await server.write(alertsSeries(rule, history));
  };

  // One after the other where results are read; what nobody reads is evaluated side by side.
  for (const placed of ordered) if (read.has(placed.rule)) await one(placed);
  const rest = ordered.filter(({ rule }) => !read.has(rule));
  const worker = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) await one(next);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return ordered.flatMap(({ rule }) => histories.get(rule) ?? []);
}

/** The instants of a window. */
export function* instants(
  intervalMs: number,
  { fromMs, toMs }: Pick<Window, 'fromMs' | 'toMs'>,
): Generator<number, void> {
  for (let at = Math.ceil(fromMs / intervalMs) * intervalMs; at <= toMs; at += intervalMs) yield at;
}

interface Found {
  readonly answers: readonly Answer[];
  /** Instants at which Prometheus gave an error. */
  readonly failed: ReadonlySet<number>;
  readonly trouble?: string;
}

/** The longest answer that Prometheus gives: 11,000 points of a series. */
const mostPoints = 10_000;

async function ask(
  server: Pick<Server, 'queryRange'>,
  { expr }: Rule,
  { offsetMs }: RuleGroup,
  intervalMs: number,
  window: Window,
): Promise<Found> {
  const all = [...instants(intervalMs, window)];
  const over = async (some: readonly number[]): Promise<readonly Answer[]> => {
    const [first, last] = [some[0], some.at(-1)];
    if (first === undefined || last === undefined) return [];
    return server.queryRange(expr, first - offsetMs, last - offsetMs, intervalMs);
  };
  if (!usesQueryRange(expr)) {
    try {
      const answers: Answer[] = [];
      for (let i = 0; i < all.length; i += mostPoints) answers.push(...(await over(all.slice(i, i + mostPoints))));
      return { answers: joined(answers), failed: new Set() };
    } catch {
      // One instant's error fails the whole range: which one it was is asked below.
    }
  }
  const answers: Answer[] = [];
  const failed = new Set<number>();
  let why = '';
  for (const at of all) {
    try {
      answers.push(...(await over([at])));
    } catch (error) {
      failed.add(at);
      why = oneLine(error);
    }
  }
  const trouble = failed.size === 0 ? {} : { trouble: `fails at ${failed.size} of ${all.length} evaluations: ${why}` };
  return { answers: joined(answers), failed, ...trouble };
}

/** Answers to several questions about one expression, each series once. */
function joined(answers: readonly Answer[]): readonly Answer[] {
  const bySeries = new Map<string, Answer>();
  for (const answer of answers) {
    const key = labelKey(answer.labels);
    const before = bySeries.get(key);
    bySeries.set(key, before === undefined ? answer : { ...answer, points: [...before.points, ...answer.points] });
  }
  return [...bySeries.values()];
}

function evaluationsOf(rule: Rule, { answers, failed }: Found, offsetMs: number, intervalMs: number, window: Window) {
  const results = new Map<number, Map<string, Labels>>();
  for (const at of instants(intervalMs, window)) if (!failed.has(at)) results.set(at, new Map());
  const broken = new Set<number>();
  const perValue = Object.values(rule.labels).some((text) => /\$value|\.Value/.test(text));
  for (const { labels, points } of answers) {
    let own = ruleLabels(labels, rule.labels, points[0]?.[1] ?? 0, { alertname: rule.name });
    let key = labelKey(own);
    for (const [at, value] of points) {
      if (perValue) {
        own = ruleLabels(labels, rule.labels, value, { alertname: rule.name });
        key = labelKey(own);
      }
      const result = results.get(at + offsetMs);
      if (result?.has(key) === true) broken.add(at + offsetMs);
      result?.set(key, own);
    }
  }
  // Prometheus refuses such an evaluation as a whole.
  for (const at of broken) results.delete(at);
  return { evaluations: [...results], twins: broken.size };
}

/** What a recording rule writes: its values, and an end to each series at the first evaluation that has it no more. */
function recorded(rule: Rule, answers: readonly Answer[], intervalMs: number, window: Window): readonly Series[] {
  return answers.map(({ labels, points }) => ({
    labels: ruleLabels(labels, rule.labels, 0, { __name__: rule.name }),
    samples: withEnds(points, intervalMs, window.toMs),
  }));
}

function withEnds(points: readonly (readonly [number, number])[], intervalMs: number, toMs: number): Series['samples'] {
  return points.flatMap(([at, value], i) => {
    const next = points[i + 1]?.[0] ?? Infinity;
    const ends = next > at + intervalMs && at + intervalMs <= toMs;
    return ends ? [[at, value] as const, [at + intervalMs, undefined] as const] : [[at, value] as const];
  });
}

/** `ALERTS` as Prometheus writes them, of one rule. */
function alertsSeries(rule: Rule, history: History): readonly Series[] {
  const last = history.evaluations.at(-1)?.[0] ?? 0;
  const times = history.evaluations.map(([at]) => at);
  const series = (span: AlertSpan, alertstate: string, fromMs: number, endMs: number): Series => {
    const samples = times.filter((at) => at >= fromMs && at < endMs).map((at) => [at, 1] as const);
    return {
      labels: { ...span.labels, __name__: 'ALERTS', alertstate },
      samples: endMs > last ? samples : [...samples, [endMs, undefined]],
    };
  };
  return alertSpans(history.evaluations, rule).flatMap((span) => {
    const { activeMs, firedMs, endedMs = Infinity } = span;
    const pendingEnd = firedMs ?? endedMs;
    return [
      ...(pendingEnd > activeMs ? [series(span, 'pending', activeMs, pendingEnd)] : []),
      ...(firedMs === undefined ? [] : [series(span, 'firing', firedMs, endedMs)]),
    ];
  });
}
