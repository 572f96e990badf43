import { hasLabels, type Labels } from './alert.ts';
import type { Cluster } from './cluster.ts';
import type { Sample } from './probe.ts';
import type { Profile } from './profile.ts';
import type { Millis } from './units.ts';

/**
 * What a detector says. `firing` carries what a person would read in the alert. `alive` is the heartbeat of a detector that
 * looked and had nothing new to say; one that neither fires nor beats is dead, which is a finding and not a miss.
 */
export type Reading =
  | { readonly state: 'quiet' }
  | {
      readonly state: 'firing';
      readonly what: string;
      /** Of an alert of a rule: its labels. */
      readonly labels?: Labels;
    }
  | { readonly state: 'alive' }
  | { readonly state: 'blind'; readonly why: string };

export interface DetectorContext {
  /** What an alert needs of a cluster: nothing that costs what `exec` does each time, and nothing that switches a node off. */
  readonly cluster: Pick<Cluster, 'api' | 'nodes' | 'select' | 'look' | 'attach'>;
  readonly signal: AbortSignal;
  /**
   * Milliseconds on the trial's monotonic clock: for how long something has lasted. The wall clock (`Date.now()`) may be set meanwhile, and is
   * only for comparing with instants that the cluster itself wrote down.
   */
  readonly now: () => number;
  /** Every sample of every probe from now on. */
  samples(): AsyncIterable<Sample>;
  /** What becomes known of the alerts of a name, where rules are evaluated beside the trial; without that there is no such alert. */
  alerts?(alertname: string): AsyncIterable<Reading>;
}

/** An alert that somebody could have had. It watches from the baseline to the end and never changes anything. */
export interface Detector {
  /** Kebab-case, unique in a scenario: `node-not-ready`. */
  readonly id: string;
  readonly title: string;
  /** Which postmortem or manual it comes from. */
  readonly source: string;
  /** Its own loop in words (what it samples, how often, for how long it must hold) under the given profile. */
  loop(profile: Profile): string;
  /** The least TTD that this loop could ever have under the profile, however fast the outage shows. */
  leastTtdMs(profile: Profile): Millis;
  /** Longest interval between two looks: a heartbeat older than three of these means dead. */
  periodMs(profile: Profile): Millis;
  /** Regular expression source that `what` must match to be the right diagnosis; others count as misdiagnosis. */
  readonly expects: string;
  /** Of an alert of a rule: the labels of which it must have one set whole to be the right diagnosis. None: it never is. */
  readonly right?: readonly Labels[];
  /** Of an alert of a rule whose name is neither right nor wrong: it detects whatever it rings for. */
  readonly judged?: false;
  watch(context: DetectorContext, profile: Profile): AsyncIterable<Reading>;
}

/** Whether a reading that fires is the right diagnosis. */
export const isRight = (
  { expects, right }: { readonly expects: string; readonly right?: readonly Labels[] | undefined },
  { what = '', labels = {} }: { readonly what?: string | undefined; readonly labels?: Labels | undefined },
): boolean =>
  new RegExp(expects, 'm').test(what) && (right === undefined || right.some((wanted) => hasLabels(labels, wanted)));

/** Whether a reading that fires detects: it is the right diagnosis, or none that anybody judges. */
export const detects = (
  detector: Parameters<typeof isRight>[0] & { readonly judged?: false | undefined },
  reading: Parameters<typeof isRight>[1],
): boolean => detector.judged === false || isRight(detector, reading);
