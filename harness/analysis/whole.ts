import type { EventOf } from '../model/events.ts';

/**
 * What a look at the cluster's own account says it lacks to be whole, in words; none when nothing is missing. What was not counted is not known
 * to be well, and so is missing. Pure.
 */
export function missingFromHealth(state: Omit<EventOf<'state'>, 'type'>): readonly string[] {
  if (!state.reachable) return ['the Kubernetes API does not answer'];
  const { nodes, nodesReady, podsDesired, podsReady, pending, terminating } = state;
  return [
    ...belowAll('nodes', 'Ready', nodesReady, nodes),
    ...belowAll('pods', 'ready', podsReady, podsDesired),
    ...some('Pending', pending),
    ...some('Terminating', terminating),
  ];
}

function belowAll(what: string, wanted: string, there: number | undefined, all: number | undefined): readonly string[] {
  if (there === undefined || all === undefined) return [`${what} were not counted`];
  return there < all ? [`${String(there)} of ${String(all)} ${what} ${wanted}`] : [];
}

function some(phase: string, pods: number | undefined): readonly string[] {
  if (pods === undefined) return [`${phase} pods were not counted`];
  return pods > 0 ? [`${String(pods)} ${pods === 1 ? 'pod' : 'pods'} ${phase}`] : [];
}
