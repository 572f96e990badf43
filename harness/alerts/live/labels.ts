import type { Labels } from '../../model/alert.ts';

/** Labels with the names of nodes without the cluster's: `worker2`, in every run. */
export const shortLabels = (labels: Labels, cluster: string): Labels =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value.replaceAll(`${cluster}-`, '')]));
