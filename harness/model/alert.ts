/** Labels by name, as Prometheus has them. Beside a trial, nodes are called without the cluster's name: `worker2`. */
export type Labels = Readonly<Record<string, string>>;

/** An alert that names the cause: its rule's name, and the labels that it must have at least. */
export interface RightAlert {
  readonly alertname: string;
  /** Absent: whatever it is about. */
  readonly labels?: Labels;
}

/** Whether `labels` has all of `wanted`, with the same values. */
export const hasLabels = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value);

/** `KubeNodeNotReady{node="worker2"}`, labels in the order of their names. */
export function alertText(alertname: string, labels: Labels): string {
  const inner = Object.entries(labels)
    .filter(([name]) => name !== 'alertname')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ');
  return inner === '' ? alertname : `${alertname}{${inner}}`;
}
