import type { Probe, ProbeContext, ProbeSession } from '../../model/probe.ts';

/** A probe that keeps nothing between its requests. */
export const stateless = (
  declared: Omit<Probe, 'open'>,
  attempt: (context: ProbeContext, ...request: Parameters<ProbeSession['attempt']>) => Promise<void>,
): Probe => ({
  ...declared,
  open: (context) =>
    Promise.resolve({
      attempt: (n, signal) => attempt(context, n, signal),
      close: () => Promise.resolve(),
    }),
});
