import { oneLine } from '../model/errors.ts';
import { deadline } from '../host/time.ts';
import type { Sampling } from '../sampling/sampler.ts';
import type { Watched } from './watched.ts';

/** How long the final read tries: a store that does not answer for so long after the trial is `unknown`. */
const patienceMs = 15_000;
/** The same for a store that has not answered its probe to the end: nothing was done about it meanwhile. */
const deadStorePatienceMs = 5_000;

/** Reads back what every store had acknowledged, and journals what is missing, or that it could not be read. Rejects only when aborted. */
export async function auditStores(
  { journal, tracker, signal }: Pick<Watched, 'journal' | 'tracker' | 'signal'>,
  sampling: Sampling,
): Promise<void> {
  for (const [sli, session] of sampling.sessions) {
    if (session.audit === undefined) continue;
    // A row acknowledged while the store is read would look lost.
    await sampling.settled(sli);
    try {
      using patience = deadline(tracker.bad().includes(sli) ? deadStorePatienceMs : patienceMs, signal);
      const audits = await session.audit(patience.signal);
      for (const audit of audits) journal.write({ type: 'audit', ...audit });
    } catch (error) {
      signal.throwIfAborted();
      journal.write({ type: 'audit.failed', store: sli, why: oneLine(error) });
    }
  }
}
