import { nodePorts } from '../../cluster/ports.ts';
import type { NodeInfo } from '../../model/cluster.ts';
import { formatDuration } from '../durations.ts';
import { ports } from './config.ts';
import { neededResources } from './needed.ts';
import type { AlertTimes } from './times.ts';

/** Images that this Docker has, by what they are. */
export interface StackImages {
  readonly prometheus: string;
  readonly alertmanager: string;
  readonly blackbox: string;
  readonly nodeExporter: string;
  readonly postgres: string;
  readonly stateMetrics: string;
  /** Any image with perl: the node image. */
  readonly perl: string;
}

/** A program of the monitoring that runs on no particular node: a container beside the cluster, or one of a pod in it. */
export interface MonitoringPart {
  readonly name: string;
  readonly image: keyof StackImages;
  /** A folder of configurations, and where the program finds what is in it. */
  readonly files?: { readonly folder: string; readonly at: string };
  /** Where it keeps its data. */
  readonly data?: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The garbage collector's patience, and one core for each: what watches is not to take what is measured. */
export const modestGo = { GOMAXPROCS: '1', GOGC: '200' } as const;

/** All of them, Prometheus first. They find each other on loopback. */
export function monitoringParts({
  times,
  metrics,
  nodes,
}: {
  readonly times: AlertTimes;
  /** Metrics that some rule reads; absent: all. */
  readonly metrics?: readonly string[] | undefined;
  readonly nodes: readonly NodeInfo[];
}): readonly [MonitoringPart, ...MonitoringPart[]] {
  const resources = neededResources(metrics);
  const database = nodes[Math.min(2, nodes.length - 1)]?.address ?? '';
  return [
    {
      name: 'prometheus',
      image: 'prometheus',
      files: { folder: 'prometheus', at: '/etc/prometheus' },
      data: '/prometheus',
      command: [
        '--config.file=/etc/prometheus/prometheus.yml',
        '--storage.tsdb.path=/prometheus',
        '--web.enable-admin-api',
        `--query.lookback-delta=${formatDuration(times.lookbackMs)}`,
      ],
    },
    {
      name: 'alertmanager',
      image: 'alertmanager',
      files: { folder: 'alertmanager', at: '/etc/alertmanager' },
      data: '/alertmanager',
      command: [
        '--config.file=/etc/alertmanager/alertmanager.yml',
        '--storage.path=/alertmanager',
        // Alone: it would wait for others first.
        '--cluster.listen-address=',
      ],
    },
    {
      name: 'blackbox',
      image: 'blackbox',
      files: { folder: 'blackbox', at: '/etc/blackbox_exporter' },
      command: ['--config.file=/etc/blackbox_exporter/config.yml', `--web.listen-address=127.0.0.1:${ports.blackbox}`],
    },
    {
      name: 'kube-state-metrics',
      image: 'stateMetrics',
      files: { folder: 'state-metrics', at: '/access' },
      command: [
        '--kubeconfig=/access/kubeconfig',
        ...['--host=127.0.0.1', `--port=${ports.stateMetrics}`],
        ...['--telemetry-host=127.0.0.1', `--telemetry-port=${ports.stateMetrics + 1}`],
        '--namespaces-denylist=firedrill,canary',
        ...(resources === undefined ? [] : [`--resources=${resources.join(',')}`]),
      ],
    },
    {
      name: 'postgres-exporter',
      image: 'postgres',
      command: [`--web.listen-address=127.0.0.1:${ports.postgres}`],
      env: {
        DATA_SOURCE_NAME: `postgresql://chromadb:firedrill@${database}:${nodePorts.database}/chromadb?sslmode=disable&connect_timeout=2`,
      },
    },
  ];
}
