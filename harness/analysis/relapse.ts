import type { TrialRecord } from '../model/record.ts';
import { midpoint, type Interval } from '../model/units.ts';
import type { TrialLog } from './log.ts';
import { whole } from './numbers.ts';
import type { Outage } from './outages.ts';
import type { Broken, Restored } from './recovery.ts';

/** How long what the durability check stirred up may still be seen after it. */
const settleMs = 5000;

/** What is known of the first time that service was down again. */
export type DownAgain = NonNullable<TrialRecord['downAgain']>;

/**
 * While the harness itself deletes a pod to see whether that is survived: from the start of the verification until 5 s after the result.
 * Undefined where durability was not checked.
 */
export function durabilityCheck(log: TrialLog): Interval | undefined {
  const verify = log.of('phase').findLast((p) => p.name === 'verify' && p.state === 'started');
  const checked = log.of('durability').at(-1);
  return verify === undefined || checked === undefined ? undefined : { lo: verify.atMs, hi: checked.atMs + settleMs };
}

/**
 * The first outage of anything that was broken after it had been stable, whether or not it healed again; undefined where there was none.
 * One that begins in the durability check and ends by itself is the harness' own doing. Outages of several SLIs that overlap are one.
 * @param toMs end of the observation: an outage that is still on has lasted until then
 */
export function downAgain(
  broken: readonly Broken[],
  restored: Restored,
  checked: Interval | undefined,
  toMs: number,
): DownAgain | undefined {
  const own = (o: Outage): boolean =>
    checked !== undefined && o.ended !== undefined && o.overdueMs >= checked.lo && o.firstBadMs <= checked.hi;
  const again = broken
    .flatMap(({ sli, outages }) =>
      outages
        .filter((o) => o.firstBadMs >= restored.fromMs && !own(o))
        .map((o) => ({ sli: sli.sli, fromMs: o.firstBadMs, toMs: o.ended === undefined ? toMs : o.lastBadMs })),
    )
    .sort((a, b) => a.fromMs - b.fromMs);
  const [first] = again;
  if (first === undefined) return undefined;
  let untilMs = first.toMs;
  const slis = new Set<string>();
  for (const outage of again) {
    if (outage.fromMs > untilMs) break;
    untilMs = Math.max(untilMs, outage.toMs);
    slis.add(outage.sli);
  }
  return {
    afterMs: whole(Math.max(0, first.fromMs - midpoint(restored.at))),
    lastedMs: whole(untilMs - first.fromMs),
    slis: [...slis].sort(),
  };
}
