import { mixedEnvironment } from '../../model/night.ts';
import { endpoints } from '../../model/plan.ts';
import { countOf } from '../../model/units.ts';
import type { Difference } from '../environments.ts';
import { leastEffectMs } from '../significance.ts';
import { hardGates, validIn } from './gates.ts';
import type { Night, Tonight } from './lines.ts';
import { shiftsOf, type Shift } from './shifts.ts';
import { leastNights } from './judged.ts';
import { timingOf, type Timing } from './timing.ts';
import { changed } from './words.ts';

/**
 * What a night says of one scenario. `red`: a hard gate, or times shown to be later. `no-data`: this night could not have shown it, which is
 * never a regression: `cause` tells whether it is another environment or an experiment that did not hold.
 */
export interface ScenarioVerdict {
  readonly scenario: string;
  readonly verdict: 'green' | 'red' | 'no-data';
  readonly cause?: 'environment' | 'invalid';
  /** In one line: which arm, what number, against what; or why there is nothing to say. */
  readonly reason: string;
  /** Further reasons, and what is worth knowing beside the verdict. */
  readonly also: readonly string[];
  readonly runId?: string;
  readonly epochMs?: number;
  readonly fingerprint?: string;
  readonly trials: { readonly valid: number; readonly planned: number };
  /** Nights of this environment since the baseline that times are taken from, tonight among them. */
  readonly nights: number;
  readonly baseline?: { readonly epochMs: number; readonly nights: number; readonly blocks: number };
  /** Facts in which the environment is not the baseline's. */
  readonly differences: readonly Difference[];
  readonly gates: readonly string[];
  readonly timing?: Timing;
  readonly shifts: readonly Shift[];
}

/** What a night is judged by. */
export interface Asked {
  readonly tonight: readonly Tonight[];
  readonly history: readonly Night[];
  readonly baseline: readonly Night[];
  /** Scenarios that should have a run tonight. */
  readonly expected: readonly string[];
  /** Of how many nights times are pooled at most. */
  readonly nights: number;
}

/** The verdict on each scenario, by name. Pure. */
export function judgeNight(asked: Asked): readonly ScenarioVerdict[] {
  const missing = asked.expected.filter((id) => !asked.tonight.some((t) => t.scenario === id));
  return [
    ...asked.tonight.map((t) => judgeScenario(t, asked)),
    ...missing.map((scenario): ScenarioVerdict => ({
      scenario,
      ...noData('invalid', 'no run tonight'),
      also: [],
      trials: { valid: 0, planned: 0 },
      nights: 0,
      differences: [],
      gates: [],
      shifts: [],
    })),
  ].sort((a, b) => (a.scenario < b.scenario ? -1 : 1));
}

const noData = (cause: 'environment' | 'invalid', reason: string) => ({ verdict: 'no-data', cause, reason }) as const;

function judgeScenario(tonight: Tonight, asked: Asked): ScenarioVerdict {
  const ours = (nights: readonly Night[]) => nights.filter((n) => n.scenario === tonight.scenario);
  const all = ours(asked.baseline);
  const baseline = all.filter((n) => n.fingerprint === tonight.fingerprint && n.fingerprint !== mixedEnvironment);
  const since = sinceBaseline(tonight, baseline, ours(asked.history));
  const pool = since.slice(-asked.nights);
  const lines = [...tonight.arms.values()];
  const valid = lines.reduce((sum, line) => sum + validIn(line), 0);
  const planned = lines.reduce((sum, line) => sum + line.planned, 0);
  const gates = hardGates(tonight, baseline, pool.at(-2));
  const enough = pool.length >= leastNights;
  const timing = enough ? timingOf(baseline, pool) : undefined;
  const shifts = enough ? shiftsOf([...baseline, ...since]) : [];
  const slower = [
    ...(timing?.rows ?? []).filter((r) => r.slower).map((r) => r.says),
    ...shifts.filter((s) => s.slower).map((s) => s.says),
  ];
  const differences =
    tonight.mixed.length > 0 ? tonight.mixed : baseline.length > 0 ? [] : factDifferences(all, tonight);
  const decided = decide({ tonight, baseline, all, pool, valid, planned, gates, timing, slower, differences });
  const first = baseline[0];
  return {
    scenario: tonight.scenario,
    ...decided,
    also: [...gates, ...slower, ...asides(timing, shifts)].filter((line) => line !== decided.reason),
    runId: tonight.runId,
    epochMs: tonight.epochMs,
    fingerprint: tonight.fingerprint,
    trials: { valid, planned },
    nights: pool.length,
    ...(first === undefined
      ? {}
      : { baseline: { epochMs: first.epochMs, nights: baseline.length, blocks: blocksIn(baseline) } }),
    differences,
    gates,
    ...(timing === undefined ? {} : { timing }),
    shifts,
  };
}

/** Nights of the baseline's environment that came after it, in order, and tonight as the last. None when tonight is in the baseline. */
function sinceBaseline(tonight: Tonight, baseline: readonly Night[], history: readonly Night[]): readonly Night[] {
  if (baseline.length === 0 || baseline.some((n) => n.runId === tonight.runId)) return [];
  const pinnedMs = Math.max(...baseline.map((n) => n.epochMs));
  return [
    ...history.filter(
      (n) =>
        n.fingerprint === tonight.fingerprint &&
        n.runId !== tonight.runId &&
        n.epochMs > pinnedMs &&
        n.epochMs <= tonight.epochMs,
    ),
    tonight,
  ];
}

interface Findings {
  readonly tonight: Tonight;
  readonly baseline: readonly Night[];
  /** The scenario's baselines of all environments. */
  readonly all: readonly Night[];
  readonly pool: readonly Night[];
  readonly valid: number;
  readonly planned: number;
  readonly gates: readonly string[];
  readonly timing: Timing | undefined;
  readonly slower: readonly string[];
  readonly differences: readonly Difference[];
}

/** By precedence: hard gates, another environment, too little of it, a night that could not have seen 30 s, times. */
function decide(f: Findings): Pick<ScenarioVerdict, 'verdict' | 'cause' | 'reason'> {
  const [gate] = f.gates;
  if (gate !== undefined) return { verdict: 'red', reason: gate };
  if (f.tonight.mixed.length > 0) {
    return noData('environment', `tonight's trials ran in more than one environment (${factNames(f.tonight.mixed)})`);
  }
  if (f.valid * 2 < f.planned) {
    return noData('invalid', `${f.valid} of ${f.planned} trials valid: fewer than half`);
  }
  if (f.baseline.length === 0) {
    return f.all.length === 0
      ? noData('invalid', 'there is no baseline yet: --pin makes tonight one')
      : noData('environment', `the environment is not the baseline's (${factNames(f.differences)})`);
  }
  if (f.pool.length === 0)
    return noData('invalid', 'tonight is part of the baseline: there is nothing to compare it with');
  if (f.timing === undefined) {
    const nights = `${countOf(f.pool.length, 'night')} since the baseline`;
    return noData('invalid', `${nights}: times are not compared below ${leastNights}`);
  }
  const { canary } = f.timing;
  if (canary?.kind !== 'seen') {
    const why = canary === undefined ? 'no canary was run: --controls adds one' : canary.says;
    return noData('invalid', `this night could not have seen a 30 s regression (${why})`);
  }
  const [later] = f.slower;
  if (later !== undefined) return { verdict: 'red', reason: later };
  return {
    verdict: 'green',
    reason: `as the baseline in ${f.timing.nights} nights; ${canary.says.slice(canary.arm.length + 2)}`,
  };
}

const factNames = (differences: readonly Difference[]): string => {
  const names = differences.slice(0, 3).map((d) => `${d.fact}: ${d.a === '' ? 'not recorded' : d.a} | ${d.b}`);
  const more = differences.length - names.length;
  return `${names.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
};

/** Against the latest of the scenario's baselines. */
function factDifferences(baselines: readonly Night[], tonight: Tonight): readonly Difference[] {
  const pinned = [...(baselines.at(-1)?.arms.values() ?? [])][0]?.facts;
  if (pinned === undefined) return [];
  return [...new Set([...Object.keys(pinned), ...Object.keys(tonight.facts)])].sort().flatMap((fact) => {
    const [a, b] = [pinned[fact] ?? 'not recorded', tonight.facts[fact] ?? 'not recorded'];
    return a === b ? [] : [{ fact, a, b }];
  });
}

/** What is no reason for red: what became faster, a floor that moved, and a baseline without downtimes. */
function asides(timing: Timing | undefined, shifts: readonly Shift[]): readonly string[] {
  const faster = [
    ...(timing?.rows ?? []).filter((r) => r.faster).map((r) => r.says),
    ...shifts.filter((s) => !s.slower).map((s) => s.says),
  ];
  const moved = endpoints.flatMap((what) => {
    const ms = timing?.floorShifts[what] ?? 0;
    return Math.abs(ms) >= leastEffectMs ? [changed(what, ms)] : [];
  });
  return [
    ...faster.map((line) => `${line}: pin again to keep it`),
    ...(moved.length === 0
      ? []
      : [
          `the floor (harness-undo) moved: ${moved.join(', ')}; that is the machine or the cluster, not a runbook; times are counted from it`,
        ]),
    ...(timing?.noDowntime === true
      ? ['the baseline predates recorded downtimes: only TTR is compared; --pin now adds them']
      : []),
  ];
}

/** Blocks of some nights: of each night as many as the arm with the most has. */
export function blocksIn(nights: readonly Night[]): number {
  return nights.reduce((sum, n) => sum + Math.max(0, ...[...n.arms.values()].map((line) => line.blocks.length)), 0);
}
