import { mean } from 'simple-statistics';
import { canaryDelayMs } from '../../model/control.ts';
import { endpoints } from '../../model/plan.ts';
import { canaryKind, type Canary } from '../canary.ts';
import { signed } from '../comparison.ts';
import { judge, type Asked, type JudgedTime } from './judged.ts';
import { waitArm, type Night } from './lines.ts';
import { blockTimes, type Floors } from './pooled.ts';
import { timeNames } from './words.ts';

/** What the night's canary says: of both times together, in one line. */
export type NightCanary = Pick<Canary, 'kind' | 'arm' | 'runbook' | 'says'>;

/**
 * The same comparison again with the delayed arm in its runbook's place: a regression of 30 s that these very nights are known to have had, for the
 * method to find in both times. Undefined where no such arm was run.
 * @param rows what is asked of all arms, and what came of it without the canary
 */
export function canaryIn(
  baseline: readonly Night[],
  pool: readonly Night[],
  floors: Floors,
  asked: readonly Asked[],
  rows: readonly { readonly id: string; readonly times: readonly JudgedTime[] }[],
): NightCanary | undefined {
  const line = pool.flatMap((n) => [...n.arms.values()]).find((l) => l.kind === 'delayed');
  if (line === undefined) return undefined;
  const { arm, runbook } = line;
  const planted = asked.map((a) =>
    a.id === runbook ? { id: a.id, times: endpoints.map((what) => ({ base: { what, arm: runbook }, now: { what, arm } })) } : a,
  );
  const times = judge(planted, baseline, pool, floors).find((r) => r.id === runbook)?.times ?? [];
  const itself = rows.find((r) => r.id === runbook)?.times ?? [];
  const leastMs = leastDowntime(baseline, runbook);
  const judged = times.flatMap((time) => {
    // So little of it would be downtime that no comparison shows it: then only the time to recover can.
    if (time.what === 'downtime' && leastMs < (time.comparison.minimumEffectMs ?? 0)) return [];
    return [{ time, kind: kindOf(time, itself, leastMs) }];
  });
  const kinds = judged.map((j) => j.kind);
  const kind = (['other', 'not-seen', 'undecided'] as const).find((k) => kinds.includes(k)) ?? (kinds.length > 0 ? 'seen' : 'undecided');
  return { kind, arm, runbook, says: `${arm}: ${sentence(kind, judged)}` };
}

/** How much downtime 30 s more of the outage are at least, ms: by the lesser share of the time that is downtime, under the runbook or under nothing. */
function leastDowntime(baseline: readonly Night[], runbook: string): number {
  const shares = [runbook, waitArm].flatMap((arm) => {
    const of = (what: 'downtime' | 'ttr') => blockTimes(baseline, { what, arm }, {}).map((t) => t.time.time);
    const [down, ttr] = [of('downtime'), of('ttr')];
    return down.length === 0 || ttr.length === 0 || mean([...ttr]) <= 0 ? [] : [mean([...down]) / mean([...ttr])];
  });
  return canaryDelayMs * Math.min(1, ...shares);
}

function kindOf(time: JudgedTime, rows: readonly JudgedTime[], leastMs: number): Canary['kind'] {
  const { comparison, what, longer } = time;
  const { differenceMs = 0, minimumEffectMs = 0, interval } = comparison;
  if (longer) {
    // A runbook that itself became slower makes its delayed arm slower still: that is no fault of the method.
    const itself = rows.find((r) => r.what === what)?.longer === true;
    if (itself && differenceMs >= (what === 'downtime' ? leastMs : canaryDelayMs)) return 'seen';
    if (what === 'ttr') return canaryKind({ ...comparison, a: '', b: '', says: '' });
    // What a delay adds to downtime lies between that share of it and the whole.
    const [lo, hi] = interval === undefined ? [differenceMs, differenceMs] : [interval.lo, interval.hi];
    const within = (lo <= canaryDelayMs && hi >= leastMs) || distance(differenceMs, leastMs, canaryDelayMs) < minimumEffectMs;
    return within ? 'seen' : 'other';
  }
  return comparison.kind === 'too-few' ? 'undecided' : 'not-seen';
}

const distance = (x: number, lo: number, hi: number): number => Math.max(lo - x, x - hi, 0);

function sentence(kind: Canary['kind'], judged: readonly { readonly time: JudgedTime; readonly kind: Canary['kind'] }[]): string {
  if (judged.length === 0) return 'nothing to compare';
  const parts = judged.map(({ time: { what, comparison } }) => {
    const { differenceMs = 0, interval } = comparison;
    const bounds = interval === undefined ? '' : ` (95 %: ${signed(interval.lo)} to ${signed(interval.hi)})`;
    return `${timeNames[what]} ${signed(differenceMs)} longer than in the baseline${bounds}`;
  });
  const missed = judged.filter((j) => j.kind !== 'seen').map((j) => timeNames[j.time.what]);
  const words = {
    seen: judged.length > 1 ? 'the planted 30 s are seen in both' : 'the planted 30 s are seen',
    other: `a difference is shown, but not the planted 30 s (${missed.join(', ')})`,
    'not-seen': `the planted 30 s are not seen (${missed.join(', ')})`,
    undecided: 'too few blocks to see the planted 30 s',
  } as const;
  return `${parts.join(', ')}: ${words[kind]}`;
}
