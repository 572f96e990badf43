import type { EventOf } from '../model/events.ts';

/** What the API's account still lacks for the cluster to be whole, in words. */
export function missingFromHealth(state: EventOf<'state'>): readonly string[] {
  if (!state.reachable) return ['the API does not answer'];
  const missing: string[] = [];
  const { nodes = 0, nodesReady = 0, podsDesired = 0, podsReady = 0, pending = 0, terminating = 0 } = state;
  if (nodesReady < nodes) missing.push(`${nodes - nodesReady} of ${nodes} nodes not Ready`);
  if (podsReady < podsDesired) missing.push(`${podsDesired - podsReady} of ${podsDesired} pods not ready`);
  if (pending > 0) missing.push(`${pending} pods Pending`);
  if (terminating > 0) missing.push(`${terminating} pods Terminating`);
  return missing;
}
