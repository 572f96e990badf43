import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { profiles } from '../../model/profile.ts';
import {
  absentJobs,
  alertmanagerConfig,
  monitoringKubeconfig,
  prometheusConfig,
  receivers,
  type Site,
} from './config.ts';
import { alertTimes } from './times.ts';

const site: Site = {
  cluster: 'firedrill-1',
  nodes: ['control-plane', 'worker', 'worker2'].map((name, i) => ({
    name: `firedrill-1-${name}`,
    role: i === 0 ? ('control-plane' as const) : ('worker' as const),
    address: `10.201.7.${11 + i}`,
  })),
  etcd: true,
  dns: '10.96.0.10',
  slis: ['dns', 'ssh'],
};

interface Job {
  readonly job_name: string;
  readonly metrics_path?: string;
  readonly scrape_interval?: string;
  readonly params?: object;
  readonly static_configs?: readonly { targets: readonly string[]; labels: Readonly<Record<string, string>> }[];
  readonly metric_relabel_configs?: readonly Readonly<Record<string, string>>[];
  readonly tls_config?: object;
}
interface Config {
  readonly global: object;
  readonly scrape_configs: readonly Job[];
}
const configOf = (of: Site = site, metrics?: readonly string[]): Config =>
  parse(prometheusConfig(of, alertTimes(profiles.fast), metrics)) as Config;

describe('prometheus.yml', () => {
  const { global, scrape_configs: jobs } = configOf();
  const targets = (name: string): readonly string[] =>
    jobs.find(({ job_name }) => job_name === name)?.static_configs?.flatMap((s) => s.targets) ?? [];

  it('scrapes and evaluates as often as the profile says', () => {
    expect(global).toEqual({ scrape_interval: '2s', scrape_timeout: '2s', evaluation_interval: '4s' });
    const stock = parse(prometheusConfig(site, alertTimes(profiles.stock))) as Config;
    expect(stock.global).toEqual({ scrape_interval: '15s', scrape_timeout: '10s', evaluation_interval: '30s' });
  });

  it('asks what is expensive more rarely', () => {
    const every = (name: string) => jobs.find(({ job_name }) => job_name === name)?.scrape_interval;
    expect(['node-exporter', 'kube-dns', 'blackbox-http'].map(every)).toEqual(['2s', '2s', '2s']);
    expect(['apiserver', 'etcd', 'kube-state-metrics'].map(every)).toEqual(['4s', '4s', '4s']);
    expect(['kubelet', 'kubelet-cadvisor'].map(every)).toEqual(['8s', '8s']);
  });

  it('asks the node exporter for what some rule reads', () => {
    const exporter = configOf(site, ['up', 'node_load1']).scrape_configs.find((j) => j.job_name === 'node-exporter');
    expect(exporter?.params).toEqual({ 'collect[]': ['loadavg'] });
    expect(jobs.find((j) => j.job_name === 'node-exporter')).not.toHaveProperty('params');
  });

  it('asks every component where it can be reached from outside', () => {
    expect(targets('apiserver')).toEqual(['10.201.7.11:6443']);
    expect(targets('etcd')).toEqual(['10.201.7.11:2381']);
    expect(targets('kube-scheduler')).toEqual(['10.201.7.11:10259']);
    expect(targets('kube-controller-manager')).toEqual(['10.201.7.11:10257']);
    const every = (port: number) => [11, 12, 13].map((n) => `10.201.7.${n}:${port}`);
    expect(targets('kubelet')).toEqual(every(10250));
    expect(targets('kubelet-cadvisor')).toEqual(every(10250));
    expect(targets('kube-proxy')).toEqual(every(10249));
    expect(targets('node-exporter')).toEqual(every(9100));
    expect(targets('blackbox-api')).toEqual(['https://10.201.7.11:6443/livez']);
    expect(targets('blackbox-tcp')).toEqual(['10.201.7.12:22']);
    expect(targets('blackbox-dns-2')).toEqual(['10.96.0.10:53']);
  });

  it('calls jobs and instances as the rules of kube-prometheus do', () => {
    const labels = jobs.flatMap(({ static_configs = [] }) => static_configs.map((s) => s.labels));
    expect([...new Set(labels.map((l) => l['job']))]).toEqual([
      ...['apiserver', 'kubelet', 'kube-scheduler', 'kube-controller-manager', 'etcd', 'kube-proxy', 'node-exporter'],
      ...['kube-state-metrics', 'postgres', 'blackbox', 'prometheus', 'alertmanager'],
    ]);
    expect(labels.filter((l) => l['job'] === 'kubelet').map((l) => l['metrics_path'])).toContain('/metrics/cadvisor');
    expect(labels.filter((l) => l['job'] === 'node-exporter').map((l) => l['instance'])).toEqual([
      'control-plane',
      'worker',
      'worker2',
    ]);
  });

  it('looks at the certificate of the API server, and not at those that nobody has signed', () => {
    expect(jobs.find((j) => j.job_name === 'apiserver')?.tls_config).toHaveProperty('ca_file');
    expect(jobs.find((j) => j.job_name === 'kubelet')?.tls_config).toEqual({ insecure_skip_verify: true });
  });

  it('keeps of every job what some rule reads, where that is known', () => {
    const kept = (job: Job) => job.metric_relabel_configs?.filter(({ action }) => action === 'keep');
    for (const job of jobs) expect(kept(job)).toEqual([]);
    for (const job of configOf(site, ['up_to', 'kube_node_info']).scrape_configs)
      expect(kept(job)).toEqual([{ source_labels: ['__name__'], regex: 'up_to|kube_node_info', action: 'keep' }]);
  });

  it("calls nodes, and pods named after one, without the cluster's name", () => {
    for (const { metric_relabel_configs = [] } of jobs) {
      expect(metric_relabel_configs.map(({ target_label }) => target_label)).toEqual([
        'node',
        'instance',
        'pod',
        'nodename',
      ]);
      for (const { regex = '', replacement = '' } of metric_relabel_configs)
        expect('etcd-firedrill-1-control-plane'.replace(new RegExp(`^(?:${regex})$`), replacement)).toBe(
          'etcd-control-plane',
        );
    }
  });

  it('has no job for what there is not, and says why', () => {
    const less = { ...site, etcd: false, slis: ['dns'] };
    const names = configOf(less).scrape_configs.map(({ job_name }) => job_name);
    expect(names).not.toContain('etcd');
    expect(names).not.toContain('blackbox-tcp');
    expect(Object.keys(absentJobs(less))).toEqual(['etcd', 'blackbox (TCP 22)']);
    expect(absentJobs(site)).toEqual({});
  });
});

it("waits in Alertmanager as long as its defaults say, and shorter by the profile's one factor", () => {
  const route = (name: 'stock' | 'fast') =>
    (parse(alertmanagerConfig(alertTimes(profiles[name]))) as { route: object }).route;
  expect(route('stock')).toMatchObject({ group_wait: '30s', group_interval: '5m', repeat_interval: '4h' });
  expect(route('fast')).toMatchObject({ group_wait: '4s', group_interval: '40s', repeat_interval: '32m' });
});

it('sends from inside the cluster to where the receiver is found, under a name of its own', () => {
  const config = parse(alertmanagerConfig(alertTimes(profiles.fast), receivers.inside, '10.201.7.100')) as object;
  expect(config).toMatchObject({
    route: { receiver: 'firedrill-inside' },
    receivers: [{ name: 'firedrill-inside', webhook_configs: [{ url: 'http://10.201.7.100:9099/' }] }],
  });
});

it('lets kube-state-metrics in by the address of the control plane', () => {
  const config = parse(monitoringKubeconfig(site.nodes, { token: 'secret', ca: 'PEM' })) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: object }[];
  };
  expect(config.clusters[0]?.cluster).toEqual({
    server: 'https://10.201.7.11:6443',
    'certificate-authority-data': Buffer.from('PEM').toString('base64'),
  });
  expect(config.users[0]?.user).toEqual({ token: 'secret' });
});
