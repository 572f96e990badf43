import type { Detector, Reading } from '../../harness/model/detector.ts';
import type { Cluster } from '../../harness/model/cluster.ts';
import type { Sample } from '../../harness/model/probe.ts';
import { profiles } from '../../harness/model/profile.ts';

/** A detector at work in a test: what it said so far, and the way to end it. */
export interface Watching {
  readonly readings: Reading[];
  /** The last that is not a heartbeat. */
  last(): Reading | undefined;
  /** Aborts it and resolves when its watch has ended. */
  end(): Promise<void>;
}

/** Starts a detector on a cluster under the fast profile. Time is the test's (fake timers). */
export function start(detector: Detector, cluster: Cluster, samples: () => AsyncIterable<Sample> = nothing): Watching {
  const controller = new AbortController();
  const readings: Reading[] = [];
  const running = (async () => {
    const context = { cluster, signal: controller.signal, now: () => performance.now(), samples };
    for await (const reading of detector.watch(context, profiles.fast)) readings.push(reading);
  })();
  // Whoever ends it hears of the error.
  running.catch(() => undefined);
  return {
    readings,
    last: () => readings.findLast((reading) => reading.state !== 'alive'),
    end: () => {
      controller.abort(new Error('the test is over'));
      return running;
    },
  };
}

async function* nothing(): AsyncGenerator<Sample, void, undefined> {
  // No sample is ever seen.
}
