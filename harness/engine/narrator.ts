import type { TrialEvent } from '../model/events.ts';
import type { OnProgress } from '../model/progress.ts';
import type { Scenario } from '../model/scenario.ts';
import type { Journal } from './journal.ts';
import type { SliTracker } from './tracker.ts';

/** Passes on what a person wants to see of a trial while it happens: steps, alerts, the witness, and which indicators are bad. */
export class Narrator {
  readonly #scenario: Scenario;
  readonly #onProgress: OnProgress;
  readonly #startedAt = new Map<string, number>();
  #shownBad = '';
  /** When the injection began: alerts are told by how long after it they fired. */
  injectMs: number | undefined;

  constructor(scenario: Scenario, onProgress: OnProgress) {
    this.#scenario = scenario;
    this.#onProgress = onProgress;
  }

  /** Tells the events of a journal as they are written, until the signal. */
  follow(journal: Journal, signal: AbortSignal): void {
    const tell = async () => {
      for await (const event of journal.live.subscribe(signal)) this.#tell(event);
    };
    tell().catch(() => undefined);
  }

  /** Tells which indicators are bad, when they are others than before. */
  indicators(tracker: SliTracker): void {
    const bad = tracker.bad();
    const key = bad.join(' ');
    if (key === this.#shownBad) return;
    this.#shownBad = key;
    this.#onProgress({ type: 'slis', good: tracker.good(), bad });
  }

  #tell(event: TrialEvent): void {
    if (event.type === 'step') {
      const key = `${event.part} ${event.index}`;
      if (event.state === 'started') this.#startedAt.set(key, event.atMs);
      this.#onProgress({
        type: 'step',
        part: event.part,
        name: event.name,
        on: event.on,
        state: event.state,
        elapsedMs: event.atMs - (this.#startedAt.get(key) ?? event.atMs),
        ...(event.state === 'failed'
          ? { detail: event.output?.split('\n').at(-1) ?? `exit code ${event.exitCode ?? '?'}` }
          : {}),
      });
    } else if (event.type === 'detector' && event.state === 'firing') {
      const detector = this.#scenario.detectors.find((d) => d.id === event.detector);
      this.#onProgress({
        type: 'detected',
        id: event.detector,
        title: detector?.title ?? event.detector,
        ...(this.injectMs === undefined ? {} : { sinceInjectMs: event.atMs - this.injectMs }),
        ...(event.what === undefined ? {} : { what: event.what }),
      });
    } else if (event.type === 'witness' && event.confirmed) {
      this.#onProgress({ type: 'note', text: `witness: ${event.evidence.join('; ')}` });
    }
  }
}
