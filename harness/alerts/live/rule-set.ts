import type { Labels } from '../../model/alert.ts';
import type { Millis } from '../../model/units.ts';

/** A rule that alerts; times as they are evaluated. */
export interface AlertRule {
  readonly name: string;
  readonly forMs: Millis;
  /** What it puts on its alerts; may hold templates. */
  readonly labels: Labels;
}

/** Rules that are evaluated beside a trial, with the times of its profile. */
export interface RuleSet {
  /** Where they are from, as asked for: `stock`, `./our-rules`. */
  readonly from: readonly string[];
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly alerts: readonly AlertRule[];
  /** Metrics that are kept of what is scraped: those that some rule reads. Absent: all. */
  readonly metrics?: readonly string[];
  /** Whether a second Prometheus evaluates them, inside the cluster. */
  readonly inside?: boolean;
}
