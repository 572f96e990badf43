import { join } from 'node:path';
import { oneLine } from '../model/errors.ts';
import { millis } from '../model/units.ts';
import { againstLive } from './against-live.ts';
import { metricsFile, unpack, type KeptTrial } from './corpus.ts';
import { evaluateRules, type History } from './evaluate.ts';
import { judge } from './judge.ts';
import { labelText, type Labels } from './labels.ts';
import { drawable } from './promql.ts';
import type { Cell, Drawn, TrialRow } from './result.ts';
import { loadRules, scaleGroups, type Rule } from './rules.ts';
import { startServer, type Server } from './server.ts';
import { alertSpans, type AlertSpan } from './state.ts';

/** What else rules are tried with. Times as in rule files: of a shortened profile they are shortened, too. */
export interface WhatIf {
  /** In place of every `for`: one result each, after that of the rules' own. */
  readonly forMs?: readonly number[];
  /** In place of every interval. */
  readonly everyMs?: number;
}

/** One trial under one setting of `for`; undefined for the rules' own. */
export interface Tried {
  readonly forMs: number | undefined;
  readonly row: TrialRow;
}

/**
 * Evaluates rule files over a kept trial, without a cluster: a Prometheus over a copy of its data.
 * @param known names of alerts that name the cause of some outage
 * @throws FiredrillError when Prometheus does not start, or the archive cannot be unpacked
 */
export async function testTrial(
  prometheus: string,
  kept: KeptTrial,
  files: readonly string[],
  known: ReadonlySet<string>,
  whatIf: WhatIf,
  signal?: AbortSignal,
): Promise<readonly Tried[]> {
  const { truth } = kept;
  const groups = scaleGroups(files.flatMap(loadRules), truth.factor);
  const drawings = new Map<History, Drawn | undefined>();
  await using unpacked = await unpack(join(kept.dir, metricsFile), signal);
  const server = await startServer(prometheus, unpacked.data, { lookbackMs: truth.lookbackMs }, signal);
  try {
    // Before rules are evaluated, which may write such series of their own.
    const stored = await server.samples('ALERTS', truth.dataToMs, truth.dataToMs - truth.dataFromMs + 1000);
    const histories = await evaluateRules(server, groups, {
      fromMs: truth.dataFromMs,
      toMs: truth.dataToMs,
      evaluationMs: truth.evaluationMs,
      ...(whatIf.everyMs === undefined ? {} : { everyMs: whatIf.everyMs * truth.factor }),
    });
    const alertRules = groups.flatMap(({ rules }) => rules).filter(({ kind }) => kind === 'alert');
    const names = new Set(alertRules.map(({ name }) => name));
    const tried: Tried[] = [];
    for (const forMs of [undefined, ...(whatIf.forMs ?? [])]) {
      const verdicts: Cell[] = [];
      for (const history of histories) verdicts.push(await cellOf(server, history, forMs));
      const live =
        forMs === undefined && whatIf.everyMs === undefined
          ? againstLive(
              stored,
              { spans: verdicts.flatMap(({ spans }) => spans), names },
              { fromMs: truth.dataFromMs, evaluationMs: truth.evaluationMs },
            )
          : [];
      tried.push({ forMs, row: { kept, verdicts, live } });
    }
    return tried;
  } finally {
    await server.stop();
  }

  async function cellOf(from: Server, history: History, forMs: number | undefined): Promise<Cell> {
    const { rule, missing, trouble, evaluations } = history;
    const tried: Rule = { ...rule, ...(forMs === undefined ? {} : { forMs: millis(forMs * truth.factor) }) };
    const spans = alertSpans(evaluations, tried);
    const verdict = judge(tried, spans, truth, known, { missing, failed: evaluations.length === 0 });
    if (spans.length > 0 && !drawings.has(history))
      drawings.set(history, await draw(from, tried, spans, history.intervalMs));
    const drawn = spans.length === 0 ? undefined : drawings.get(history);
    return {
      rule: tried,
      verdict,
      spans,
      missing,
      ...(trouble === undefined ? {} : { trouble }),
      ...(drawn === undefined ? {} : { drawn }),
    };
  }

  /** The expression over the trial, where any alert of it stood. */
  async function draw(
    from: Server,
    { expr }: Rule,
    spans: readonly AlertSpan[],
    intervalMs: number,
  ): Promise<Drawn | undefined> {
    const what = drawable(expr);
    const steps = Math.max(1, Math.ceil((truth.dataToMs - truth.dataFromMs) / intervalMs / mostPoints));
    try {
      const answers = await from.queryRange(what.expr, truth.dataFromMs, truth.dataToMs, intervalMs * steps);
      const shown = answers.filter(({ labels }) => spans.some((span) => agree(labels, span.labels)));
      const series = (shown.length === 0 ? answers : shown).slice(0, mostSeries);
      return {
        ...what,
        series: series.map(({ labels, points }) => ({
          name: labelText(labels),
          points: points.filter(([, v]) => Number.isFinite(v)),
        })),
        more: answers.length - series.length,
      };
    } catch (error) {
      signal?.throwIfAborted();
      return { expr: `${what.expr} (${oneLine(error)})`, series: [], more: 0 };
    }
  }
}

const mostPoints = 150;
const mostSeries = 3;

/** Whether a series can be the one that an alert is about: no label of both differs. */
const agree = (series: Labels, alert: Labels): boolean =>
  Object.entries(series).every(
    ([name, value]) => name === '__name__' || alert[name] === undefined || alert[name] === value,
  );
