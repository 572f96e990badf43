import type { EndpointName } from '../model/cluster.ts';
import { nodePorts } from './ports.ts';

/** The names of a cluster's nodes, as kind gives them, the control plane first. */
export function nodeNames(cluster: string, workers: number): string[] {
  return [
    `${cluster}-control-plane`,
    ...Array.from({ length: workers }, (_, i) => `${cluster}-worker${i === 0 ? '' : i + 1}`),
  ];
}

/** Which node (by index in `nodeNames`) publishes an endpoint. */
export function entryNode(endpoint: EndpointName, workers: number): number {
  if (endpoint === 'bystander' || endpoint === 'volume') return 0;
  return endpoint === 'database' ? Math.min(2, workers) : 1;
}

/** The ports that a node (by index in `nodeNames`) publishes for endpoints. */
export const endpointPorts = (index: number, workers: number): readonly number[] =>
  (Object.entries(nodePorts) as [EndpointName, number][])
    .filter(([name]) => entryNode(name, workers) === index)
    .map(([, port]) => port);
