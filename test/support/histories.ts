import { armName, type ControlKind } from '../../harness/model/control.ts';
import type { NightLine } from '../../harness/model/night.ts';
import { seeded } from '../../harness/model/random.ts';
import { nightsOf, type Night, type Tonight } from '../../harness/analysis/nightly/lines.ts';
import type { ObservedTime } from '../../harness/analysis/observed.ts';

/** How nights come about that nobody ran. Times in ms. */
export interface HistoryOptions {
  readonly seed: number;
  readonly nights: number;
  /** Blocks a night; 3 by default. */
  readonly blocks?: number;
  /** What is done to an arm's downtime and TTR, or to an alarm's TTD, in a night, counted from 0; one number is for both. Nothing by default. */
  readonly planted?: (night: number, name: string) => number | Planted;
  readonly fingerprint?: (night: number) => string;
  /**
   * Scatter of one trial's TTR, of which half is scatter of the outage itself, and so of its downtime; of what all arms of a night have in common (the host, the
   * hour); and of what one arm has of it for itself.
   */
  readonly trialSd?: number;
  readonly nightSd?: number;
  readonly armSd?: number;
  /** Share of the requests that fail in the outage; 0.9 by default. */
  readonly share?: number;
  /** How much later the delayed arm really begins. */
  readonly delayMs?: number;
}

/** What is done to the two times, where it is not the same. */
export interface Planted {
  readonly downtimeMs: number;
  readonly ttrMs: number;
}

const horizonMs = 240_000;
const day = 86_400_000;
/** The first request fails so long after the fault; and of requests after the outage proper so many fail. */
const symptomMs = 1_500;
const afterShare = 0.1;
const arms: readonly { readonly runbook: string; readonly kind?: ControlKind; readonly ms: number }[] = [
  { runbook: 'wait', ms: Infinity },
  { runbook: 'cure', ms: 46_000 },
  { runbook: 'nuclear', ms: 61_000 },
  { runbook: 'harness-undo', kind: 'harness-undo', ms: 22_000 },
  { runbook: 'cure', kind: 'delayed', ms: 46_000 },
];
const alarms = { 'probe-failing': 1_500, 'pods-not-running': 18_000 } as const;

/**
 * The lines of many nights, drawn: `wait` never recovers, `cure` after about 46 s, `nuclear` 61 s, the undo 22 s. A trial scatters by itself: the
 * outage's own length by half of that, which is downtime and TTR, and how long requests go on failing now and then after it, which moves TTR
 * and hardly any downtime (one in twenty takes 20 s longer: a long tail). A night is slower or faster as a whole, and a little so for each arm by
 * itself, which no number of blocks of that night averages out. The same options give the same nights.
 */
export function nightLines(options: HistoryOptions): readonly NightLine[] {
  const { trialSd = 4_000, nightSd = 4_000, armSd = 1_000, blocks = 3, delayMs = 30_000, share = 0.9 } = options;
  const random = seeded(options.seed);
  // The sum of twelve is nearly normal, and needs no logarithm.
  const normal = (): number => Array.from({ length: 12 }, random).reduce((a, b) => a + b, -6);
  const tail = (): number => (random() < 0.05 ? 20_000 : 0);
  const planted = (night: number, name: string): Planted => {
    const by = options.planted?.(night, name) ?? 0;
    return typeof by === 'number' ? { downtimeMs: by, ttrMs: by } : by;
  };
  return Array.from({ length: options.nights }, (_, night) => {
    const common = normal() * nightSd;
    const epochMs = Date.UTC(2026, 0, 1) + night * day;
    return arms.map(({ runbook, kind, ms }): NightLine => {
      const arm = armName({ runbook, ...(kind === undefined ? {} : { control: kind }) });
      const own = normal() * armSd;
      const by = planted(night, runbook);
      const middle = ms + common + own + (kind === 'delayed' ? delayMs : 0);
      const idle = runbook === 'wait';
      const times = (): { readonly downtimeMs: number; readonly ttr: ObservedTime } => {
        const outage = middle + normal() * trialSd * 0.5;
        const after = normal() * trialSd * Math.sqrt(0.75) + tail();
        const down = share * (Math.min(horizonMs, outage) - symptomMs) + afterShare * after + by.downtimeMs;
        return { downtimeMs: Math.max(0, Math.round(down)), ttr: observed(outage + after + by.ttrMs) };
      };
      return {
        schemaVersion: 1,
        date: new Date(epochMs).toISOString().slice(0, 10),
        epochMs,
        runId: `run-${String(night).padStart(4, '0')}`,
        scenario: 'test-outage',
        arm,
        ...(kind === undefined ? { expect: idle ? 'does-not-recover' : 'recovers' } : { kind }),
        runbook,
        seed: 1,
        horizonMs,
        fingerprint: options.fingerprint?.(night) ?? 'same',
        planned: blocks,
        outcomes: { [idle ? 'not-recovered' : 'recovered']: blocks },
        unwitnessed: 0,
        withLoss: 0,
        notWhole: 0,
        downAgain: 0,
        alarms: Object.fromEntries(Object.keys(alarms).map((id) => [id, { n: blocks, detected: blocks, dead: 0 }])),
        blocks: Array.from({ length: blocks }, (_none, i) => ({
          block: i + 1,
          ...times(),
          ...(idle
            ? {
                ttd: Object.fromEntries(
                  Object.entries(alarms).map(([id, least]) => [
                    id,
                    observed(least + common / 8 + planted(night, id).ttrMs + tail() + normal() * trialSd),
                  ]),
                ),
              }
            : {}),
        })),
      };
    });
  }).flat();
}

function observed(middle: number): ObservedTime {
  const time = Math.max(1_000, Math.round(middle));
  if (!(time < horizonMs)) return { event: false, lo: horizonMs, time: horizonMs, hi: horizonMs };
  return { event: true, lo: time - 500, time, hi: time + 500 };
}

/** The same as nights, each as the last night that was judged. */
export function tonightOf(night: Night, facts: Readonly<Record<string, string>> = {}): Tonight {
  return { ...night, facts, mixed: [] };
}

/** Drawn nights, in order. */
export const history = (options: HistoryOptions): readonly Night[] => nightsOf(nightLines(options));

/** An arm's downtimes and times to recover over nights, block by block, for tests of the generator itself. */
export const timesOf = (
  nights: readonly Night[],
  arm: string,
): Readonly<Record<'downtime' | 'ttr', readonly number[]>> => {
  const blocks = nights.flatMap((n) => n.arms.get(arm)?.blocks ?? []);
  return { downtime: blocks.map((b) => b.downtimeMs ?? 0), ttr: blocks.map((b) => b.ttr.time) };
};
