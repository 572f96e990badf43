import type { SliLog } from './log.ts';
import { findRestored, type Restored } from './recovery.ts';
import { findSymptoms, type Symptom } from './symptoms.ts';

/** A shorter outage than this after recovery, over before the end, is a blip and no relapse; it still counts as bad time. */
const blipMs = 5000;

const lasting = (symptom: Symptom) => symptom.lastBadMs - symptom.firstBadMs >= blipMs;

/**
 * Names of the broken SLIs that were good again and then went bad for good: another symptom after the hold window, not
 * followed by a whole good hold window, and either lasting 5 s or still on in the end.
 */
export function relapsedSlis(
  broken: readonly SliLog[],
  restored: Restored,
  toMs: number,
  holdMs: number,
): readonly string[] {
  return broken.filter((sli) => relapsed(sli, restored, toMs, holdMs)).map((s) => s.sli);
}

function relapsed(sli: SliLog, restored: Restored, toMs: number, holdMs: number): boolean {
  const again = findSymptoms(sli.samples, restored.heldUntilMs, toMs);
  const last = again.at(-1);
  if (last === undefined) return false;
  if (findRestored([sli], last.lastBadMs, toMs, holdMs) !== undefined) return false;
  return badAtEnd(sli, toMs) || again.some(lasting);
}

/** Whether two of the last five samples were bad, and that was no blip: the very last one was bad, too, or it had gone on for 5 s. */
export function badAtEnd(sli: SliLog, toMs: number): boolean {
  const tail = sli.samples.filter((s) => s.intendedMs < toMs).slice(-5);
  if (tail.filter((s) => !s.ok).length < 2) return false;
  const last = findSymptoms(sli.samples, 0, toMs).at(-1);
  return tail.at(-1)?.ok === false || (last !== undefined && lasting(last));
}
