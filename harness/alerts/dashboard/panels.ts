/** A graph of a dashboard: an expression over what the monitoring beside a trial scraped, and how its series are called. */
export interface Panel {
  readonly title: string;
  readonly expr: string;
  /** As Grafana has it: `{{instance}}`. */
  readonly legend: string;
}

/** The metric that the marks of a trial are written under; its label `mark` says what happened. */
export const markMetric = 'firedrill_mark';

/** What is looked at first after an outage. All of it is read by some rule that comes with firedrill, so that every trial beside which they ran has it. */
export const panels: readonly Panel[] = [
  { title: 'The outage', expr: markMetric, legend: '{{mark}}' },
  { title: 'Alerts that fire', expr: 'count by (alertname) (ALERTS{alertstate="firing"})', legend: '{{alertname}}' },
  { title: 'Probes from outside', expr: 'probe_success', legend: '{{instance}} {{node}}' },
  { title: 'Targets that are down', expr: 'count by (job) (up == 0)', legend: '{{job}}' },
  {
    title: 'Replicas that are not ready',
    expr: 'sum(kube_deployment_spec_replicas) - sum(kube_deployment_status_replicas_ready)',
    legend: 'not ready',
  },
  { title: 'Container restarts', expr: 'sum(kube_pod_container_status_restarts_total)', legend: 'restarts' },
  {
    title: 'Nodes that are Ready',
    expr: 'kube_node_status_condition{condition="Ready", status="true"}',
    legend: '{{node}}',
  },
  { title: 'The database answers', expr: 'pg_up', legend: 'pg_up' },
  { title: 'Load', expr: 'node_load1', legend: '{{instance}}' },
];
