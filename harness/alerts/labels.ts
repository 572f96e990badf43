/** Labels of a series or an alert. */
export type Labels = Readonly<Record<string, string>>;

/** The same text for the same labels, in whatever order. */
export const labelKey = (labels: Labels): string =>
  JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

/** `{pod="x", namespace="y"}` without what every alert of the rule has. */
export function labelText(labels: Labels): string {
  const shown = Object.entries(labels).filter(
    ([name]) => name !== 'alertname' && name !== '__name__' && name !== 'severity',
  );
  return shown.length === 0 ? '' : `{${shown.map(([name, value]) => `${name}="${value}"`).join(', ')}}`;
}

const simple = /\{\{-?\s*(?:\$labels|\.Labels)\.([A-Za-z_]\w*)\s*-?\}\}|\{\{-?\s*(?:\$value|\.Value)\s*-?\}\}/g;

/**
 * A label's template filled in: `{{ $labels.x }}` and `{{ $value }}`, which are all that people put into labels. Anything else of Go's templates stays as it
 * is (`isSimple` tells), so two alerts that differ only there are taken for one.
 */
export const fill = (template: string, labels: Labels, value: number): string =>
  template.replace(simple, (_, name: string | undefined) =>
    name === undefined ? goNumber(value) : (labels[name] ?? ''),
  );

/** Whether `fill` fills in all of it. */
export const isSimple = (template: string): boolean => !template.replace(simple, '').includes('{{');

/** A number as Go's templates print it. */
const goNumber = (value: number): string =>
  Number.isNaN(value) ? 'NaN' : value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);

/** The labels of a rule's alert or recorded series: the result's without its name, the rule's own over them. An empty one is none. */
export function ruleLabels(result: Labels, own: Labels, value: number, extra: Labels): Labels {
  const filled = Object.entries(own).map(([name, template]) => [name, fill(template, result, value)] as const);
  const all = { ...result, ...Object.fromEntries(filled), ...extra };
  return Object.fromEntries(
    Object.entries(all).filter(([name, text]) => text !== '' && (name !== '__name__' || '__name__' in extra)),
  );
}
