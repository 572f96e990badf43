/**
 * What exporters have to gather for the metrics that some rule reads: gathering costs the machine that is watched, dropping afterwards does
 * not give that back. A metric that nobody here knows asks for everything. Sources: the node exporter's README ("Collectors", "Filtering enabled
 * collectors") and kube-state-metrics' documentation of metrics and of `--resources`.
 */

/** Collectors of the node exporter by what their metrics begin with. */
const collectors: readonly (readonly [RegExp, string])[] = [
  [/^node_cpu_(seconds|guest_seconds)_total$/, 'cpu'],
  [/^node_disk_/, 'diskstats'],
  [/^node_filefd_/, 'filefd'],
  [/^node_filesystem_/, 'filesystem'],
  [/^node_load\d+$/, 'loadavg'],
  [/^node_memory_/, 'meminfo'],
  [/^node_network_(receive|transmit)_/, 'netdev'],
  [/^node_nf_conntrack_/, 'conntrack'],
  [/^node_systemd_/, 'systemd'],
  // A node that is a container writes its own boot time (on-nodes.ts).
  [/^node_(textfile|boot_time)_/, 'textfile'],
  [/^node_timex_/, 'timex'],
  [/^node_time_/, 'time'],
  [/^node_uname_/, 'uname'],
  [/^node_vmstat_/, 'vmstat'],
];

/** Collectors that the node exporter needs; undefined: all of them. */
export function neededCollectors(metrics: readonly string[] | undefined): readonly string[] | undefined {
  return needed(
    metrics?.filter((name) => /^node_(?!scrape_|exporter_)/.test(name)),
    (name) => collectors.find(([begin]) => begin.test(name))?.[1],
  );
}

/** Kinds of objects by what kube-state-metrics' metrics begin with, without `kube_`. */
const resources: Readonly<Record<string, string>> = {
  cronjob: 'cronjobs',
  daemonset: 'daemonsets',
  deployment: 'deployments',
  horizontalpodautoscaler: 'horizontalpodautoscalers',
  ingress: 'ingresses',
  job: 'jobs',
  namespace: 'namespaces',
  node: 'nodes',
  persistentvolume: 'persistentvolumes',
  persistentvolumeclaim: 'persistentvolumeclaims',
  pod: 'pods',
  poddisruptionbudget: 'poddisruptionbudgets',
  replicaset: 'replicasets',
  resourcequota: 'resourcequotas',
  service: 'services',
  statefulset: 'statefulsets',
};

/** Kinds that kube-state-metrics has to watch; undefined: all of them. */
export function neededResources(metrics: readonly string[] | undefined): readonly string[] | undefined {
  return needed(
    metrics?.filter((name) => name.startsWith('kube_')),
    (name) => resources[/^kube_([a-z]+)_/.exec(name)?.[1] ?? ''],
  );
}

/** What these metrics need, once each; undefined where there is none, or one of which it is not known. */
function needed(
  metrics: readonly string[] | undefined,
  of: (name: string) => string | undefined,
): readonly string[] | undefined {
  const found = new Set(metrics?.map(of));
  return found.size === 0 || found.has(undefined) ? undefined : [...found].filter((one) => one !== undefined).sort();
}
