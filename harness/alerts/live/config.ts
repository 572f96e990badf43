import { stringify } from 'yaml';
import { apiServerPort, nodePorts } from '../../cluster/ports.ts';
import type { NodeInfo, PodState } from '../../model/cluster.ts';
import { formatDuration } from '../durations.ts';
import { neededCollectors } from './needed.ts';
import type { AlertTimes } from './times.ts';

/** Ports inside the monitoring's own network. */
export const ports = {
  prometheus: 9090,
  alertmanager: 9093,
  receiver: 9099,
  blackbox: 9115,
  stateMetrics: 8080,
  postgres: 9187,
} as const;

/** Ports of what is put on each node for it. */
export const onNodes = { exporter: 9100, blackbox: 9115 } as const;

/** Where components listen on their node's loopback, from which they are passed on: kubeadm's defaults, and k3s'. */
export const loopbackPorts = { proxy: 10249, controllers: 10257, scheduler: 10259, etcd: 2381 } as const;

/** What of a cluster is watched. */
export interface Site {
  readonly cluster: string;
  /** The control plane first. */
  readonly nodes: readonly NodeInfo[];
  /** Whether its datastore is etcd; k3s' SQLite serves no metrics. */
  readonly etcd: boolean;
  /** Address of the cluster's DNS service. */
  readonly dns: string;
  /** SLIs that the scenario measures: what is there to be asked from outside. */
  readonly slis: readonly string[];
}

interface Target {
  readonly address: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Paths in Prometheus' container. */
const paths = {
  access: '/etc/prometheus/access',
  rules: '/etc/prometheus/rules',
  targets: '/etc/prometheus/targets',
} as const;

const authorization = { credentials_file: `${paths.access}/token` };
const verified = { ca_file: `${paths.access}/ca.crt` };
const unverified = { insecure_skip_verify: true };

const statics = (job: string, targets: readonly Target[], labels: Readonly<Record<string, string>> = {}) => ({
  static_configs: targets.map(({ address, labels: own }) => ({
    targets: [address],
    labels: { job, ...labels, ...own },
  })),
});

/** Asks another exporter to probe each target, which stays the alert's `instance`. */
const probing = (
  module: string,
  targets: readonly string[],
  exporter: string,
  labels: Readonly<Record<string, string>> = {},
) => ({
  metrics_path: '/probe',
  params: { module: [module] },
  ...statics(
    'blackbox',
    targets.map((address) => ({ address })),
    labels,
  ),
  relabel_configs: [
    { source_labels: ['__address__'], target_label: '__param_target' },
    { source_labels: ['__param_target'], target_label: 'instance' },
    { target_label: '__address__', replacement: exporter },
  ],
});

/**
 * The scrape jobs of a cluster. Labels are those that kube-prometheus' rules select by: `job="kubelet", metrics_path="/metrics/cadvisor"`,
 * `instance` of a node exporter being the node's name.
 *
 * A ServiceAccount's token gets in, as in life: it does not end with the certificates of an administrator. The scheduler, the controller
 * manager, kube-proxy and etcd's metrics listen on loopback and are passed on by their node. CoreDNS' pods are asked through the API server,
 * for nothing outside of a cluster has a route to its pods.
 *
 * @param metrics those that some rule reads; absent: all
 */
export function scrapeJobs(
  site: Site,
  metrics?: readonly string[],
): readonly (Readonly<Record<string, unknown>> & { readonly job_name: string })[] {
  const { nodes, etcd, dns, slis } = site;
  const [control] = nodes;
  const short = (name: string): string => name.replace(`${site.cluster}-`, '');
  const at = (port: number, only = nodes): readonly Target[] =>
    only.map(({ name, address }) => ({ address: `${address}:${port}`, labels: { node: short(name) } }));
  const plane = nodes.slice(0, 1);
  const inSystem = (service: string, endpoint: string) => ({ namespace: 'kube-system', service, endpoint });
  const secure = { scheme: 'https', authorization, tls_config: unverified };
  const kubelet = (path: string) => ({
    ...secure,
    metrics_path: path,
    honor_labels: true,
    honor_timestamps: false,
    ...statics('kubelet', at(10250), { metrics_path: path, ...inSystem('kubelet', 'https-metrics') }),
  });
  const api = `${control?.address ?? ''}:${apiServerPort}`;
  const web = nodes.map(({ address }) => `http://${address}:${nodePorts.web}/`);
  const [, entry] = nodes;
  const gateway =
    slis.includes('gateway') && entry !== undefined ? [`http://${entry.address}:${nodePorts.gateway}/`] : [];
  const ssh = slis.includes('ssh') && entry !== undefined ? [`${entry.address}:${nodePorts.ssh}`] : [];
  const local = (port: number): readonly Target[] => [{ address: `127.0.0.1:${port}` }];
  const collectors = neededCollectors(metrics);
  return [
    {
      job_name: 'apiserver',
      scheme: 'https',
      authorization,
      tls_config: verified,
      ...statics('apiserver', [{ address: api }], { namespace: 'default', service: 'kubernetes', endpoint: 'https' }),
    },
    { job_name: 'kubelet', ...kubelet('/metrics') },
    { job_name: 'kubelet-cadvisor', ...kubelet('/metrics/cadvisor') },
    {
      job_name: 'kube-scheduler',
      ...secure,
      ...statics('kube-scheduler', at(loopbackPorts.scheduler, plane), inSystem('kube-scheduler', 'https-metrics')),
    },
    {
      job_name: 'kube-controller-manager',
      ...secure,
      ...statics(
        'kube-controller-manager',
        at(loopbackPorts.controllers, plane),
        inSystem('kube-controller-manager', 'https-metrics'),
      ),
    },
    ...(etcd
      ? [{ job_name: 'etcd', ...statics('etcd', at(loopbackPorts.etcd, plane), inSystem('etcd', 'http-metrics')) }]
      : []),
    { job_name: 'kube-proxy', ...statics('kube-proxy', at(loopbackPorts.proxy), inSystem('kube-proxy', 'metrics')) },
    {
      job_name: 'kube-dns',
      scheme: 'https',
      authorization,
      tls_config: verified,
      file_sd_configs: [{ files: [`${paths.targets}/*.json`], refresh_interval: '5s' }],
    },
    {
      job_name: 'node-exporter',
      ...(collectors === undefined ? {} : { params: { 'collect[]': collectors } }),
      ...statics(
        'node-exporter',
        nodes.map(({ name, address }) => ({
          address: `${address}:${onNodes.exporter}`,
          labels: { instance: short(name) },
        })),
        { namespace: 'monitoring', service: 'node-exporter' },
      ),
    },
    {
      job_name: 'kube-state-metrics',
      honor_labels: true,
      ...statics('kube-state-metrics', local(ports.stateMetrics), { service: 'kube-state-metrics' }),
    },
    { job_name: 'postgres', ...statics('postgres', local(ports.postgres)) },
    { job_name: 'blackbox-http', ...probing('http_2xx', [...web, ...gateway], `127.0.0.1:${ports.blackbox}`) },
    { job_name: 'blackbox-api', ...probing('https', [`https://${api}/livez`], `127.0.0.1:${ports.blackbox}`) },
    ...(ssh.length === 0
      ? []
      : [{ job_name: 'blackbox-tcp', ...probing('tcp_connect', ssh, `127.0.0.1:${ports.blackbox}`) }]),
    // As a pod on each node asks: the service's address leads nowhere outside of the cluster.
    ...nodes.map(({ name, address }, index) => ({
      job_name: `blackbox-dns-${index}`,
      ...probing('dns', [`${dns}:53`], `${address}:${onNodes.blackbox}`, { node: short(name) }),
    })),
    { job_name: 'prometheus', ...statics('prometheus', local(ports.prometheus)) },
    { job_name: 'alertmanager', ...statics('alertmanager', local(ports.alertmanager)) },
  ];
}

/**
 * CoreDNS' pods as Prometheus reads targets from a file: Debian's has no Kubernetes in its service discovery, so that the harness asks the API.
 * A pod has a target as soon as it has an address, as there.
 */
export function dnsTargets(site: Site, pods: readonly PodState[]): string {
  const groups = pods
    .filter(({ address }) => address !== '')
    .map(({ name, address, node }) => ({
      targets: [`${site.nodes[0]?.address ?? ''}:${apiServerPort}`],
      labels: {
        __metrics_path__: `/api/v1/namespaces/kube-system/pods/${name}:9153/proxy/metrics`,
        ...{ job: 'kube-dns', namespace: 'kube-system', service: 'kube-dns', pod: name },
        ...{ node: node.replace(`${site.cluster}-`, ''), instance: `${address}:9153` },
      },
    }));
  return JSON.stringify(groups.sort((a, b) => (a.labels.pod < b.labels.pod ? -1 : 1)));
}

/** Why a job that others have is not there. */
export function absentJobs({ etcd, slis }: Pick<Site, 'etcd' | 'slis'>): Readonly<Record<string, string>> {
  return {
    ...(etcd ? {} : { etcd: 'the datastore is SQLite, which serves no metrics' }),
    ...(slis.includes('ssh') ? {} : { 'blackbox (TCP 22)': 'nothing listens for ssh on the nodes of this scenario' }),
  };
}

/** Labels whose values hold names of nodes: also of pods that are named after theirs. */
const named = ['node', 'instance', 'pod', 'nodename'] as const;

/**
 * How much less often than the others a job is scraped. Kube-prometheus asks components every 30 s, nodes and CoreDNS every 15 s (its ServiceMonitors).
 * Kubelets are asked half as often as there: for each scrape they ask the runtime for the state of every container, which is most of what watching
 * costs (`npm run bench watching`), and rules over their metrics look back for minutes.
 */
function lessOften(job: string): number {
  if (job.startsWith('kubelet')) return 4;
  return /^(node-exporter|kube-dns|blackbox|postgres)/.test(job) ? 1 : 2;
}

/** prometheus.yml. @param metrics those that are kept of what is scraped; absent: all */
export function prometheusConfig(site: Site, times: AlertTimes, metrics?: readonly string[]): string {
  const keep = metrics === undefined ? [] : [{ source_labels: ['__name__'], regex: metrics.join('|'), action: 'keep' }];
  // `worker2` in every cluster: what rules, scenarios and kept data say of a node holds for each.
  const short = named.map((label) => ({
    source_labels: [label],
    regex: `(.*)${site.cluster}-(.*)`,
    target_label: label,
    replacement: '$1$2',
  }));
  return stringify(
    {
      global: {
        scrape_interval: formatDuration(times.scrapeMs),
        // Its default of 10 s, where that is not longer than the interval.
        scrape_timeout: formatDuration(Math.min(10_000, times.scrapeMs)),
        evaluation_interval: formatDuration(times.evaluationMs),
      },
      rule_files: [`${paths.rules}/*`],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${ports.alertmanager}`] }] }] },
      scrape_configs: scrapeJobs(site, metrics).map((job) => ({
        ...job,
        scrape_interval: formatDuration(times.scrapeMs * lessOften(job.job_name)),
        metric_relabel_configs: [...keep, ...short],
      })),
    },
    { aliasDuplicateObjects: false, lineWidth: 0 },
  );
}

/** Who is told by the Alertmanager outside of the cluster, and by the one inside. */
export const receivers = { outside: 'firedrill', inside: 'firedrill-inside' } as const;

/**
 * alertmanager.yml: one receiver, alerts of one name together. Source: the configuration that Alertmanager is shipped with.
 * @param to where the webhook is
 */
export const alertmanagerConfig = (
  times: AlertTimes,
  receiver: (typeof receivers)[keyof typeof receivers] = receivers.outside,
  to = '127.0.0.1',
): string =>
  stringify({
    route: {
      receiver,
      group_by: ['alertname'],
      group_wait: formatDuration(times.groupWaitMs),
      group_interval: formatDuration(times.groupIntervalMs),
      repeat_interval: formatDuration(times.repeatIntervalMs),
    },
    receivers: [
      {
        name: receiver,
        webhook_configs: [{ url: `http://${to}:${ports.receiver}/`, send_resolved: true }],
      },
    ],
  });

/** What the blackbox exporters can be asked to try, by module. IPv4 only, as the cluster is. */
export const blackboxConfig = (): string =>
  stringify({
    modules: {
      http_2xx: { prober: 'http', timeout: '2s', http: { preferred_ip_protocol: 'ip4' } },
      // The cluster's own authority signs: when its certificate ends is asked, not who signed it.
      https: { prober: 'http', timeout: '2s', http: { preferred_ip_protocol: 'ip4', tls_config: unverified } },
      tcp_connect: { prober: 'tcp', timeout: '2s', tcp: { preferred_ip_protocol: 'ip4' } },
      dns: {
        prober: 'dns',
        timeout: '2s',
        dns: { query_name: 'kubernetes.default.svc.cluster.local', query_type: 'A', preferred_ip_protocol: 'ip4' },
      },
    },
  });

/** kube-state-metrics' way in, as a kubeconfig. */
export const monitoringKubeconfig = (
  nodes: Site['nodes'],
  access: { readonly token: string; readonly ca: string },
): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'firedrill',
    clusters: [
      {
        name: 'firedrill',
        cluster: {
          server: `https://${nodes[0]?.address ?? ''}:${apiServerPort}`,
          'certificate-authority-data': Buffer.from(access.ca).toString('base64'),
        },
      },
    ],
    users: [{ name: 'firedrill', user: { token: access.token } }],
    contexts: [{ name: 'firedrill', context: { cluster: 'firedrill', user: 'firedrill' } }],
  });
