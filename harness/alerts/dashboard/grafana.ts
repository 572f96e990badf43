import { markMetric, panels } from './panels.ts';

/** When a trial was: Unix ms, with a little before and after. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const datasource = { type: 'prometheus', uid: '${datasource}' };
const columns = 2;
const [width, height] = [24 / columns, 8];

/**
 * A dashboard for Grafana (9 and later): the panels over a trial, and its marks as annotations. Any Prometheus that has the trial's data can be
 * chosen for it, for the data source is a variable.
 *
 * Source: Grafana, "Dashboard JSON model", "Provisioning".
 */
export const grafanaDashboard = (title: string, uid: string, { fromMs, toMs }: Span): object => ({
  uid,
  title,
  tags: ['firedrill'],
  schemaVersion: 38,
  editable: true,
  timezone: 'utc',
  time: { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() },
  templating: { list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' }] },
  annotations: {
    list: [
      {
        name: 'The outage',
        enable: true,
        iconColor: 'red',
        datasource,
        expr: markMetric,
        step: '1s',
        titleFormat: '{{mark}}',
      },
    ],
  },
  panels: panels.map(({ title: name, expr, legend }, i) => ({
    id: i + 1,
    title: name,
    type: 'timeseries',
    datasource,
    gridPos: { x: (i % columns) * width, y: Math.floor(i / columns) * height, w: width, h: height },
    targets: [{ refId: 'A', datasource, expr, legendFormat: legend }],
  })),
});

/** Files by their path under Grafana's provisioning folder, by which it begins with this Prometheus and this dashboard. */
export const provisioning = (prometheus: string, folder: string): Readonly<Record<string, string>> => ({
  'datasources/firedrill.yaml': JSON.stringify({
    apiVersion: 1,
    datasources: [{ name: 'firedrill', type: 'prometheus', access: 'proxy', url: prometheus, isDefault: true }],
  }),
  'dashboards/firedrill.yaml': JSON.stringify({
    apiVersion: 1,
    providers: [{ name: 'firedrill', type: 'file', options: { path: folder } }],
  }),
});

/** Prometheus' own page with the same graphs, for whoever has no Grafana. Source: Prometheus, web/ui (`g0.expr`, `g0.range_input`, `g0.end_input`). */
export function prometheusPage(prometheus: string, { fromMs, toMs }: Span): string {
  const end = new Date(toMs).toISOString().slice(0, 19).replace('T', ' ');
  const words = new URLSearchParams(
    panels.flatMap(({ expr }, i): [string, string][] => [
      [`g${i}.expr`, expr],
      [`g${i}.tab`, '0'],
      [`g${i}.range_input`, `${Math.ceil((toMs - fromMs) / 1000)}s`],
      [`g${i}.end_input`, end],
      [`g${i}.step_input`, '1'],
    ]),
  );
  return `${prometheus}/graph?${words.toString()}`;
}
