import type { TrialRecord } from '../model/record.ts';
import { midpoint, type Interval } from '../model/units.ts';
import type { TrialLog } from './log.ts';
import { sum, whole } from './numbers.ts';
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
 * So long must service be down again, in all, to undo a recovery. Real machines stall: in the kept runs three requests in a row failed now and
 * then, half a minute after a cure and for a second, on a cluster that nothing was wrong with. Whatever is still down at the end counts at any length.
 */
const relapseMs = 5000;

/**
 * What was down of anything that was broken after it had been stable; undefined where nothing was. One that begins in the durability check and
 * ends by itself is the harness' own doing. Outages of several SLIs that overlap are one; the first is told.
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
  const later = broken
    .flatMap(({ sli, outages }) =>
      outages
        .filter((o) => o.firstBadMs >= restored.fromMs && !own(o))
        .map((o) => ({
          sli: sli.sli,
          fromMs: o.firstBadMs,
          toMs: o.ended === undefined ? toMs : o.lastBadMs,
          stands: o.ended === undefined,
        })),
    )
    .sort((a, b) => a.fromMs - b.fromMs);
  const stretches: { fromMs: number; toMs: number; readonly slis: Set<string> }[] = [];
  for (const outage of later) {
    const last = stretches.at(-1);
    if (last === undefined || outage.fromMs > last.toMs)
      stretches.push({ fromMs: outage.fromMs, toMs: outage.toMs, slis: new Set([outage.sli]) });
    else {
      last.toMs = Math.max(last.toMs, outage.toMs);
      last.slis.add(outage.sli);
    }
  }
  const [first] = stretches;
  if (first === undefined) return undefined;
  const totalMs = sum(stretches.map((one) => one.toMs - one.fromMs));
  return {
    afterMs: whole(Math.max(0, first.fromMs - midpoint(restored.at))),
    lastedMs: whole(first.toMs - first.fromMs),
    slis: [...first.slis].sort(),
    totalMs: whole(totalMs),
    relapse: totalMs >= relapseMs || later.some(({ stands }) => stands),
  };
}
