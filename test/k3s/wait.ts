import { sleep } from '../../harness/host/time.ts';

/** Seconds until it is so; undefined where it is not within the limit. What cannot be asked yet is not so yet. */
export async function secondsUntil(
  limitS: number,
  so: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<number | undefined> {
  const from = performance.now();
  for (;;) {
    if (await so().catch(() => false)) return (performance.now() - from) / 1000;
    if (performance.now() - from > limitS * 1000) return undefined;
    await sleep(500, signal);
  }
}
