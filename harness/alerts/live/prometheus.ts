import { z } from 'zod';
import type { Labels } from '../../model/alert.ts';
import { within } from '../../host/time.ts';

/*
 * What is asked of a running Prometheus and Alertmanager. Source: Prometheus, "HTTP API" and "Management API".
 */

/** A rule that alerts, as Prometheus has evaluated it. */
export interface RuleState {
  readonly name: string;
  /** Labels of its alerts that fire. */
  readonly firing: readonly Labels[];
  /** Why its last evaluation failed. */
  readonly error?: string;
  /** Whether it was evaluated within three of its intervals. */
  readonly evaluated: boolean;
}

const labels = z.record(z.string(), z.string());

const rulesAnswer = z.object({
  data: z.object({
    groups: z.array(
      z.object({
        interval: z.number(),
        rules: z.array(
          z.object({
            name: z.string(),
            health: z.string(),
            lastError: z.string().optional(),
            lastEvaluation: z.string(),
            alerts: z.array(z.object({ labels, state: z.string() })).optional(),
          }),
        ),
      }),
    ),
  }),
});

/** @param nowEpochMs the wall clock: Prometheus says when it evaluated by its own, which is this machine's */
export function parseRules(answer: unknown, nowEpochMs: number): readonly RuleState[] {
  return rulesAnswer.parse(answer).data.groups.flatMap(({ interval, rules }) =>
    rules.map(({ name, health, lastError = 'it could not be evaluated', lastEvaluation, alerts = [] }) => ({
      name,
      firing: alerts.filter(({ state }) => state === 'firing').map((alert) => alert.labels),
      ...(health === 'err' ? { error: lastError } : {}),
      evaluated: nowEpochMs - Date.parse(lastEvaluation) <= 3000 * interval,
    })),
  );
}

const alertsAnswer = z.object({ data: z.object({ alerts: z.array(z.object({ labels, state: z.string() })) }) });

/** Labels of the alerts that fire, of what `/api/v1/alerts` answers. It does not say whether a rule could be evaluated. */
export const parseActiveAlerts = (answer: unknown): readonly Labels[] =>
  alertsAnswer.parse(answer).data.alerts.flatMap((alert) => (alert.state === 'firing' ? [alert.labels] : []));

const targetsAnswer = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({ labels, health: z.enum(['up', 'down', 'unknown']), lastError: z.string(), scrapeUrl: z.string() }),
    ),
  }),
});
type Target = z.infer<typeof targetsAnswer>['data']['activeTargets'][number];

const matrixAnswer = z.object({
  data: z.object({
    result: z.array(z.object({ metric: labels, values: z.array(z.tuple([z.number(), z.string()])) })),
  }),
});

/** Raw samples of a series: Unix time in ms. */
export interface Series {
  readonly labels: Labels;
  readonly timesMs: readonly number[];
}

const answerWithinMs = 5000;

/** After so many questions in a row without an answer a Prometheus is taken for dead, or out of reach. */
export const failuresUntilSilent = 3;

/** A Prometheus behind a port of loopback. Every call rejects when it does not answer within 5 s, or says no. */
export class PrometheusApi {
  readonly #base: string;

  constructor(port: number) {
    this.#base = `http://127.0.0.1:${port}`;
  }

  /** Rejects until it answers queries. */
  async ready(signal: AbortSignal): Promise<void> {
    await this.#ask('/-/ready', signal);
  }

  async rules(signal: AbortSignal): Promise<readonly RuleState[]> {
    const answer = await this.#ask('/api/v1/rules?type=alert', signal);
    return parseRules(await answer.json(), Date.now());
  }

  async targets(signal: AbortSignal): Promise<readonly Target[]> {
    const answer = await this.#ask('/api/v1/targets?state=active', signal);
    return targetsAnswer.parse(await answer.json()).data.activeTargets;
  }

  /** Every sample of the last `rangeMs` of what a selector selects. */
  async samples(selector: string, rangeMs: number, signal: AbortSignal): Promise<readonly Series[]> {
    const query = encodeURIComponent(`${selector}[${Math.max(1, Math.ceil(rangeMs / 1000))}s]`);
    const answer = await this.#ask(`/api/v1/query?query=${query}`, signal);
    return matrixAnswer
      .parse(await answer.json())
      .data.result.map(({ metric, values }) => ({ labels: metric, timesMs: values.map(([at]) => at * 1000) }));
  }

  /** Writes all that it has into a folder `snapshots/<name>` of its data, and returns the name. */
  async snapshot(signal: AbortSignal): Promise<string> {
    const answer = await this.#ask('/api/v1/admin/tsdb/snapshot', signal, 'POST', 60_000);
    return z.object({ data: z.object({ name: z.string() }) }).parse(await answer.json()).data.name;
  }

  #ask(path: string, signal: AbortSignal, method = 'GET', withinMs = answerWithinMs): Promise<Response> {
    return ask(`${this.#base}${path}`, signal, method, withinMs);
  }
}

/** Rejects when an Alertmanager behind a port of loopback does not answer. */
export async function askAlertmanager(port: number, signal: AbortSignal): Promise<void> {
  await ask(`http://127.0.0.1:${port}/-/healthy`, signal, 'GET', answerWithinMs);
}

async function ask(url: string, signal: AbortSignal, method: string, withinMs: number): Promise<Response> {
  return await within(
    withinMs,
    async (own) => {
      const answer = await fetch(url, { method, signal: own });
      if (!answer.ok) throw new Error(`${url} says ${answer.status}: ${(await answer.text()).slice(0, 200)}`);
      return answer;
    },
    signal,
  );
}
