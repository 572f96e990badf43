import type { EventState } from '../../model/cluster.ts';
import type { DetectorContext } from '../../model/detector.ts';
import { oneLine } from '../../model/errors.ts';
import { isInstrument } from '../../model/instruments.ts';
import { linked, pause } from './time.ts';

/** As client-go's reflector: it watches again after a break, no more often than this. */
const reconnectMs = 800;
/** Servers close watches as a matter of course; one that is back by then was never blind. */
const blindAfterMs = 2500;

/** What a watch needs of the detector that keeps it. */
type Watcher = Pick<DetectorContext, 'now' | 'signal'> & { readonly cluster: Pick<DetectorContext['cluster'], 'api'> };

/** A watch of events, which ends with the detector's signal or when it is disposed of. */
export interface EventWatch extends Disposable {
  /** Why it has not been able to see for a while; undefined while it sees. */
  blind(): string | undefined;
}

/** As `followEvents`, of type Warning alone. */
export function followWarnings(watcher: Watcher, onWarning: (event: EventState) => void): EventWatch {
  return followEvents(watcher, (event) => {
    if (event.type === 'Warning') onWarning(event);
  });
}

/**
 * Events of the whole cluster from now on, over a watch that is opened again when it breaks. Events of the
 * instruments, and those whose last occurrence lies before the watch began, are left out: a young cluster is full of
 * warnings of its own birth. (Events carry whole seconds.)
 */
export function followEvents(
  { cluster: { api }, now, signal }: Watcher,
  onEvent: (event: EventState) => void,
): EventWatch {
  const own = linked(signal);
  // Wall time: it is held against what the cluster wrote.
  const sinceEpochMs = Math.floor(Date.now() / 1000) * 1000;
  let broken: { readonly why: string; readonly atMs: number } | undefined;
  const note = (why: string): void => {
    broken = { why, atMs: broken?.atMs ?? now() };
  };
  const follow = async (): Promise<void> => {
    while (!own.signal.aborted) {
      const began = now();
      // A watch that is refused says so at once; one that stands for this long is taken for connected.
      const standing = setTimeout(() => {
        broken = undefined;
      }, reconnectMs);
      try {
        for await (const event of api.watchEvents(own.signal)) {
          broken = undefined;
          if (isInstrument(event.namespace) || event.lastEpochMs < sinceEpochMs) continue;
          onEvent(event);
        }
        note('the watch ended');
      } catch (error) {
        note(oneLine(error) || 'the watch broke');
      }
      clearTimeout(standing);
      await pause(began + reconnectMs - now(), own.signal);
    }
  };
  void follow();
  return {
    blind: () =>
      broken !== undefined && now() - broken.atMs >= blindAfterMs ? `no watch of events: ${broken.why}` : undefined,
    [Symbol.dispose]: () => {
      own[Symbol.dispose]();
    },
  };
}
