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

/**
 * What labels an alert of this name must have to name the cause of an outage; none: it names something else. Undefined: its name is not judged,
 * for nobody has said what names the cause of this outage, or the name is a symptom's (`TargetDown`), which names the cause of none.
 *
 * @param right what names the cause; undefined where nobody has said
 * @param known names of alerts that name the cause of some outage
 */
export function rightLabels(
  alertname: string,
  right: readonly RightAlert[] | undefined,
  known: ReadonlySet<string>,
): readonly Labels[] | undefined {
  const own = right?.filter((one) => one.alertname === alertname).map(({ labels = {} }) => labels);
  return own === undefined || (own.length === 0 && !known.has(alertname)) ? undefined : own;
}

/** `KubeNodeNotReady{node="worker2"}`, labels in the order of their names. */
export function alertText(alertname: string, labels: Labels): string {
  const inner = Object.entries(labels)
    .filter(([name]) => name !== 'alertname')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ');
  return inner === '' ? alertname : `${alertname}{${inner}}`;
}
