import type { OnProgress } from '../model/progress.ts';

/** Tells of the one part of a set-up that is being fetched or made. `etaMs`: estimate of what is left of it. */
export function teller(progress: OnProgress, part: string) {
  const began = performance.now();
  return (state: 'started' | 'working' | 'done', detail?: string, etaMs?: number): void => {
    progress({
      type: 'setup',
      part,
      state,
      index: 1,
      of: 1,
      elapsedMs: Math.round(performance.now() - began),
      ...(detail === undefined ? {} : { detail }),
      ...(etaMs === undefined ? {} : { etaMs }),
    });
  };
}
