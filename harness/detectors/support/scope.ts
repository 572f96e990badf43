import type { PodState } from '../../model/cluster.ts';
import { isInstrument } from '../../model/instruments.ts';

/** Pods that an alert of the cluster's owner would watch: not ours, not finished, not on their way out. */
export function watched(pods: readonly PodState[]): readonly PodState[] {
  return pods.filter(
    (pod) => !isInstrument(pod.namespace) && pod.phase !== 'Succeeded' && pod.phase !== 'Failed' && !pod.terminating,
  );
}

/** A few names, and how many more. */
export function some(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
