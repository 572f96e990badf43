import type { Detector } from '../model/detector.ts';
import { oneLine } from '../model/errors.ts';
import type { Sample } from '../model/probe.ts';
import type { Broadcast } from './channel.ts';
import type { Watched } from './watched.ts';

/** Journals every reading of a detector until aborted, and when it ended by itself. Never rejects. */
export async function watchDetector(
  detector: Detector,
  {
    spec,
    cluster,
    journal,
    clock,
    signal,
    alerts,
  }: Pick<Watched, 'spec' | 'cluster' | 'journal' | 'clock' | 'signal' | 'alerts'>,
  samples: Broadcast<Sample>,
): Promise<void> {
  try {
    const context = {
      cluster,
      signal,
      now: () => clock.now(),
      samples: () => samples.subscribe(signal),
      ...(alerts === undefined ? {} : { alerts: (alertname: string) => alerts.readings(alertname, signal) }),
    };
    for await (const reading of detector.watch(context, spec.profile)) {
      const said = reading.state === 'firing' ? reading.what : reading.state === 'blind' ? reading.why : undefined;
      const what = said === undefined ? undefined : oneLine(said);
      journal.write({
        type: 'detector',
        detector: detector.id,
        state: reading.state,
        ...(what === undefined ? {} : { what }),
        ...(reading.state === 'firing' && reading.labels !== undefined ? { labels: { ...reading.labels } } : {}),
      });
    }
    if (!signal.aborted) journal.write({ type: 'detector', detector: detector.id, state: 'ended' });
  } catch (error) {
    if (!signal.aborted)
      journal.write({ type: 'detector', detector: detector.id, state: 'ended', what: oneLine(error) });
  }
}
