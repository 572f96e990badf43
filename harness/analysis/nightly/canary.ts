import { mean } from 'simple-statistics';
import { canaryDelayMs } from '../../model/control.ts';
import type { Endpoint } from '../../model/plan.ts';
import type { Canary } from '../../model/summary.ts';
import { leastPairs } from '../permutation.ts';
import { judge, type Asked, type Judged, type JudgedTime } from './judged.ts';
import { waitArm, type Night } from './lines.ts';
import { blockTimes, type Floors } from './pooled.ts';
import { interval as intervalText } from './words.ts';
import { signed, timeNames } from '../words.ts';

/** What the night's canary says, of both times together, in one line. */
export type NightCanary = Pick<Canary, 'kind' | 'arm' | 'runbook' | 'says'>;

/**
 * The same comparison again with the delayed arm in its runbook's place: a regression of 30 s that these very nights are known to have had, for the
 * method to find in both times. Undefined where no such arm was run.
 * @param asked what is asked of all arms
 * @param judged what came of it without the canary
 */
export function canaryIn(
  baseline: readonly Night[],
  pool: readonly Night[],
  floors: Floors,
  asked: readonly Asked[],
  judged: readonly Judged[],
): NightCanary | undefined {
  const line = pool.flatMap((n) => [...n.arms.values()]).find((l) => l.kind === 'delayed');
  if (line === undefined) return undefined;
  const { arm, runbook } = line;
  const planted = asked.map((a): Asked =>
    a.id === runbook ? { ...a, times: a.times.map(({ base, now }) => ({ base, now: { ...now, arm } })) } : a,
  );
  const itself = judged.find((r) => r.id === runbook)?.times ?? [];
  const leastMs = { ttr: canaryDelayMs, downtime: leastDowntime(baseline, runbook), ttd: canaryDelayMs };
  const times = (judge(planted, baseline, pool, floors).find((r) => r.id === runbook)?.times ?? [])
    // Where so little of it would be downtime that no comparison shows it, only the time to recover can.
    .filter(({ what, minimumEffectMs }) => leastMs[what] >= minimumEffectMs)
    .map((time): SeenTime => ({
      ...time,
      kind: kindOf(time, itself.find((t) => t.what === time.what)?.longer === true, leastMs[time.what]),
    }));
  const kind = times.length === 0 ? 'undecided' : (worstFirst.find((k) => times.some((t) => t.kind === k)) ?? 'seen');
  return { kind, arm, runbook, says: `${arm}: ${sentence(kind, times)}` };
}

type SeenTime = JudgedTime & { readonly kind: Canary['kind'] };
const worstFirst = ['other', 'not-seen', 'undecided'] as const;

/** How much downtime 30 s more of the outage are at least, ms: by the lesser share of the time that is downtime, under the runbook or under nothing. */
function leastDowntime(baseline: readonly Night[], runbook: string): number {
  const shares = [runbook, waitArm].flatMap((arm) => {
    const meanOf = (what: Endpoint): number =>
      mean([0, ...blockTimes(baseline, { what, arm }, {}).map((t) => t.time.time)]);
    const ttr = meanOf('ttr');
    return ttr === 0 ? [] : [meanOf('downtime') / ttr];
  });
  return canaryDelayMs * Math.min(1, ...shares);
}

/**
 * Whether 30 s are seen in one time: shown, and what 30 s are of it (for downtime, between their least share and the whole) is in the interval, or off by
 * less than would matter.
 */
function kindOf(time: JudgedTime, itself: boolean, leastMs: number): Canary['kind'] {
  const { differenceMs, minimumEffectMs, interval, longer, shorter, pairs } = time;
  if (shorter) return 'other';
  if (!longer) return pairs < leastPairs(1) ? 'undecided' : 'not-seen';
  // A runbook that itself became slower makes its delayed arm slower still: that is no fault of the method.
  if (itself && differenceMs >= leastMs) return 'seen';
  const covered = interval !== undefined && interval.lo <= canaryDelayMs && interval.hi >= leastMs;
  const off = Math.max(leastMs - differenceMs, differenceMs - canaryDelayMs);
  return covered || off < minimumEffectMs ? 'seen' : 'other';
}

function sentence(kind: Canary['kind'], times: readonly SeenTime[]): string {
  if (times.length === 0) return 'nothing to compare';
  const parts = times.map(
    (t) =>
      `${timeNames[t.what]} ${signed(t.differenceMs)} longer${intervalText(t, ' (95 %: ')}${t.interval === undefined ? '' : ')'}`,
  );
  const missed = times.filter((t) => t.kind === kind).map((t) => timeNames[t.what]);
  const where = times.length < 2 ? '' : missed.length === times.length ? ' in either time' : ` in ${missed.join()}`;
  const words = {
    seen: `the planted 30 s are seen${times.length > 1 ? ' in both' : ''}`,
    other: `a difference is shown, but not the planted 30 s${where}`,
    'not-seen': `the planted 30 s are not seen${where}`,
    undecided: 'too few blocks to see the planted 30 s',
  } as const;
  return `${parts.join(' and ')} than in the baseline: ${words[kind]}`;
}
