import { Queue } from '../../cluster/queue.ts';
import { alertText, type Labels } from '../../model/alert.ts';
import type { Reading } from '../../model/detector.ts';
import { labelKey } from '../labels.ts';
import { heartbeatMs } from './detectors.ts';
import type { RuleState } from './prometheus.ts';
import type { Notified } from './webhook.ts';

interface Alert {
  readonly queue: Queue<Reading>;
  /** Of which somebody was told, and not yet that they are over; by their labels. */
  readonly told: Map<string, Labels>;
  /** Those of them that Prometheus has firing. */
  readonly standing: Set<string>;
  blind?: string;
  beatMs: number;
}

/**
 * What becomes known of alerts, by their names. An alert begins with its notification. It is over when Prometheus no longer has it
 * firing: Alertmanager tells that up to a group_interval later.
 */
export class AlertFeed {
  readonly #alerts: ReadonlyMap<string, Alert>;
  readonly #nowMs: () => number;

  /** @param nowMs any clock that is never set */
  constructor(names: Iterable<string>, nowMs: () => number) {
    this.#alerts = new Map(
      [...names].map((name) => [
        name,
        { queue: new Queue<Reading>(), told: new Map(), standing: new Set<string>(), beatMs: -Infinity },
      ]),
    );
    this.#nowMs = nowMs;
  }

  /** For one reader of each name; also what came before it. A name that no rule has is an error to the reader. */
  readings(name: string, signal: AbortSignal): AsyncIterable<Reading> {
    const queue = this.#alerts.get(name)?.queue ?? new Queue<Reading>();
    if (!this.#alerts.has(name)) queue.fail(new Error(`no rule has the name ${name}`));
    const end = (): void => {
      queue.close();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    return queue;
  }

  /** A notification came. */
  notified(all: readonly Notified[]): void {
    for (const { firing, labels } of all) {
      const alert = this.#alerts.get(labels['alertname'] ?? '');
      if (alert === undefined) continue;
      const key = labelKey(labels);
      if (!firing) {
        alert.told.delete(key);
        this.#over(alert, key);
      } else if (!alert.told.has(key)) {
        alert.told.set(key, labels);
        this.#begin(alert, key, labels);
      }
    }
  }

  /** Prometheus was asked for its rules. */
  polled(rules: readonly RuleState[]): void {
    for (const [name, alert] of this.#alerts) {
      const own = rules.filter((rule) => rule.name === name);
      const active = new Map(own.flatMap((rule) => rule.firing).map((labels) => [labelKey(labels), labels]));
      for (const key of [...alert.standing]) if (!active.has(key)) this.#over(alert, key);
      // Fires again before Alertmanager has told that it was over: it will not be told of again.
      for (const [key, labels] of alert.told) {
        if (active.has(key) && !alert.standing.has(key)) this.#begin(alert, key, labels);
      }
      const why = own.find((rule) => rule.error !== undefined)?.error;
      if (why !== undefined) {
        if (why !== alert.blind) alert.queue.push({ state: 'blind', why });
        alert.blind = why;
      } else if (own.length > 0 && own.every((rule) => rule.evaluated)) this.#beat(alert);
    }
  }

  /** Prometheus was asked for what fires, and said nothing of how its rules are. */
  active(firing: readonly Labels[]): void {
    this.polled(
      [...this.#alerts.keys()].map((name) => ({
        name,
        firing: firing.filter((labels) => labels['alertname'] === name),
        evaluated: true,
      })),
    );
  }

  /** Nobody can ask Prometheus, and it may be back: what is told by notifications holds. Told as often as a heartbeat: it is not dead. */
  blind(why: string): void {
    const now = this.#nowMs();
    for (const alert of this.#alerts.values()) {
      if (alert.blind !== undefined && now - alert.beatMs < heartbeatMs) continue;
      alert.queue.push({ state: 'blind', why });
      alert.blind = why;
      alert.beatMs = now;
    }
  }

  /** The monitoring is dead: every alert of it ends with this reason. */
  fail(why: string): void {
    for (const { queue } of this.#alerts.values()) queue.fail(new Error(why));
  }

  #begin(alert: Alert, key: string, labels: Labels): void {
    alert.standing.add(key);
    const { alertname = '' } = labels;
    alert.queue.push({ state: 'firing', what: alertText(alertname, labels), labels });
  }

  #over(alert: Alert, key: string): void {
    if (alert.standing.delete(key) && alert.standing.size === 0) alert.queue.push({ state: 'quiet' });
  }

  #beat(alert: Alert): void {
    const now = this.#nowMs();
    const first = alert.beatMs === -Infinity || alert.blind !== undefined;
    if (!first && now - alert.beatMs < heartbeatMs) return;
    delete alert.blind;
    alert.beatMs = now;
    alert.queue.push({ state: first && alert.told.size === 0 ? 'quiet' : 'alive' });
  }
}
