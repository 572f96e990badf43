import type { StackImages } from '../alerts/live/parts.ts';
import type { ImageSet } from '../images/image-set.ts';
import type { ImageId } from '../images/refs.ts';

/** The images that the monitoring runs, by ids. */
export const monitoringImages = [
  'prometheus',
  'alertmanager',
  'blackbox-exporter',
  'node-exporter',
  'postgres-exporter',
  'kube-state-metrics',
] as const satisfies readonly ImageId[];

/** Those that were had, as the monitoring wants them; perl is in every node's. */
export function stackImages({ node, optional }: Pick<ImageSet, 'node' | 'optional'>): StackImages {
  const named = (id: (typeof monitoringImages)[number]): string => optional[id] ?? id;
  return {
    prometheus: named('prometheus'),
    alertmanager: named('alertmanager'),
    blackbox: named('blackbox-exporter'),
    nodeExporter: named('node-exporter'),
    postgres: named('postgres-exporter'),
    stateMetrics: named('kube-state-metrics'),
    perl: node,
  };
}
