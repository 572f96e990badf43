import type { NodeInfo } from '../model/cluster.ts';
import { FiredrillError } from '../model/errors.ts';
import type { NodeSelector } from '../model/step.ts';

/**
 * The nodes that a selector means, in the cluster's order. A worker's number counts from 1.
 * @throws FiredrillError `usage` when it means none: a fault that acts on nothing would measure nothing.
 */
export function selectNodes(nodes: readonly NodeInfo[], selector: NodeSelector): readonly NodeInfo[] {
  const workers = nodes.filter((node) => node.role === 'worker');
  const found =
    selector === 'nodes'
      ? nodes
      : selector === 'workers'
        ? workers
        : selector === 'control-plane'
          ? nodes.filter((node) => node.role === 'control-plane')
          : workers.slice(selector.worker - 1, selector.worker);
  if (found.length === 0) {
    throw new FiredrillError(
      'usage',
      `no node of the cluster is ${JSON.stringify(selector)}: it has ${workers.length} workers`,
      {
        hint: 'raise cluster.workers in the scenario, or select another node',
      },
    );
  }
  return found;
}
