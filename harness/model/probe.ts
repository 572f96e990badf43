import type { Cluster } from './cluster.ts';
import type { Instant, Millis } from './units.ts';

/** What a probe's final read-back of its own acknowledged writes found. Counts of rows. */
export interface DataAudit {
  /** Name of the store, e.g. `documents` (the 1,133) or `ledger` (rows written during the trial). */
  readonly store: string;
  readonly acknowledged: number;
  readonly missing: number;
  readonly altered: number;
  readonly duplicated: number;
  readonly unexpected: number;
  /** When the oldest lost row had been acknowledged, in trial milliseconds; absent when nothing was lost. */
  readonly oldestLostAckMs?: number;
}

export interface ProbeContext {
  readonly cluster: Cluster;
  /** The trial's clock. */
  now(): Instant;
  readonly signal: AbortSignal;
}

/** An opened probe: connections and helpers it keeps. */
export interface ProbeSession {
  /**
   * One request. Resolves when the answer was right; rejects with the reason when it was late, missing or wrong.
   * `signal` aborts at the probe's time-out. `n` counts from 0; attempts may overlap.
   */
  attempt(n: number, signal: AbortSignal): Promise<void>;
  /** Reads back everything that was acknowledged. Only for probes that write data. */
  audit?(signal: AbortSignal): Promise<readonly DataAudit[]>;
  close(): Promise<void>;
}

/**
 * One service level indicator. Sampling is open-loop and belongs to the engine: requests start at fixed instants, a late
 * answer counts from its intended start, and failing never stops it.
 */
export interface Probe {
  /** Name of the SLI, kebab-case: `new-connection`, `dns`, ... */
  readonly sli: string;
  readonly title: string;
  readonly periodMs: Millis;
  readonly timeoutMs: Millis;
  /** Share of requests that must be good, 0 to 1; `defaultSlo` where absent. Below it, the SLI has an outage: see `analysis/outages.ts`. */
  readonly slo?: number;
  /** True for what must stay good through the outage (outside the blast radius): its bad seconds are collateral. */
  readonly bystander: boolean;
  open(context: ProbeContext): Promise<ProbeSession>;
}

/** What an SLI's requests must reach where its probe says nothing else. */
export const defaultSlo = 0.9;

/** One request of one probe, all times in trial milliseconds. */
export interface Sample {
  readonly sli: string;
  readonly n: number;
  readonly intendedMs: number;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly ok: boolean;
  readonly error?: string;
}
