import { FiredrillError } from '../model/errors.ts';
import type { EventBody, EventOf, TrialEvent } from '../model/events.ts';
import { grouped } from '../model/grouped.ts';

/** An event of one type as stored: with its sequence number and instant. */
export type Stored<T extends EventBody['type']> = EventOf<T> & { readonly seq: number; readonly atMs: number };

/** What matters of one request: when it should have started, when it was over, and whether the answer was right and in time. */
export interface Answer {
  readonly intendedMs: number;
  readonly endedMs: number;
  readonly ok: boolean;
}

/** What the analysis needs of one probe: its declaration and its samples in the order of their intended starts. */
export interface SliLog {
  readonly sli: string;
  readonly title: string;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly slo?: number | undefined;
  readonly bystander: boolean;
  readonly samples: readonly Stored<'sample'>[];
}

/** The events of one trial, sorted by kind once. */
export interface TrialLog {
  readonly started: Stored<'trial.started'>;
  readonly ended: Stored<'trial.ended'> | undefined;
  readonly slis: readonly SliLog[];
  /** All events, in the order of the file. */
  readonly events: readonly TrialEvent[];
  /** All events of one type, in the order of the file. */
  of<T extends EventBody['type']>(type: T): readonly Stored<T>[];
  /** Instant of the last thing that was written. */
  readonly lastMs: number;
}

/**
 * Indexes a trial's events.
 * @throws FiredrillError `usage` when there is no `trial.started`: without its parameters nothing can be computed.
 */
export function indexLog(events: readonly TrialEvent[]): TrialLog {
  const byType = grouped(events, ({ type }) => type);
  // The map is keyed by the discriminant, so its lists hold exactly that member of the union.
  const of = <T extends EventBody['type']>(type: T): readonly Stored<T>[] =>
    (byType.get(type) ?? []) as unknown as readonly Stored<T>[];

  const started = of('trial.started')[0];
  if (started === undefined) {
    throw new FiredrillError('usage', 'the event log has no trial.started line, so it says nothing about a trial', {
      hint: 'point at a folder under reports/<scenario>/<run>/trials/',
    });
  }
  const samples = grouped(of('sample'), ({ sli }) => sli);
  for (const list of samples.values()) list.sort((a, b) => a.intendedMs - b.intendedMs || a.n - b.n);
  return {
    started,
    ended: of('trial.ended')[0],
    slis: started.probes.map((probe) => ({ ...probe, samples: samples.get(probe.sli) ?? [] })),
    events,
    of,
    lastMs: events.reduce((last, { atMs }) => Math.max(last, atMs), 0),
  };
}
