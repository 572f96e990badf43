import { pauseImage, pauseVersion } from '../model/instruments.ts';

/** Versions of everything that an image is pulled or built from. The go.mod files under images/ say the same (a test compares). */
export const versions = {
  kubernetes: 'v1.34.3',
  /** The last release whose nodes start on cgroup v1, too: those of the next ones have a systemd that refuses to (docs/decisions.md). */
  kind: 'v0.31.0',
  etcd: 'v3.6.5',
  crictl: 'v1.34.0',
  coredns: 'v1.12.1',
  flannel: 'v0.28.4',
  podinfo: '6.9.2',
  k6: 'v1.8.1',
  postgres: '15',
  pause: pauseVersion,
  cniPlugins: 'v1.8.0',
  containerd: 'v2.2.0',
  runc: 'v1.2.9',
  /** The sandbox image in kindest/node. */
  kindSandbox: '3.10',
  prometheus: 'v2.42.0',
  alertmanager: 'v0.25.0',
  nodeExporter: 'v1.5.0',
  blackboxExporter: 'v0.23.0',
  postgresExporter: 'v0.11.1',
  /** The release whose client-go is this Kubernetes'. */
  kubeStateMetrics: 'v2.18.0',
  /** What k3s v1.34.3+k3s1 was released with, or near: the next ones ask for libraries that this Kubernetes does not compile with. */
  kine: 'v0.14.9',
} as const;

/**
 * `auto`: local, else pulled, else built. `pull` and `build` force one way. `strict` builds, too, and on a base that holds what kindest/node
 * holds and nothing else: what runs on it runs on what kind publishes.
 */
export type ImageMode = (typeof imageModes)[number];
export const imageModes = ['auto', 'pull', 'build', 'strict'] as const;

/** An image that firedrill uses by its upstream name, wherever it came from. */
export interface ImageSpec {
  readonly id: string;
  /** The name that manifests and the engine use. */
  readonly ref: string;
  /** The upstream manifest's digest, where it is known from more than one public source. Without it the tag is pulled. */
  readonly digest?: string;
  /**
   * - `base`: what the node image is made from;
   * - `preload`: goes into the node image;
   * - `host`: runs beside the clusters;
   * - `optional`: only where a scenario asks for it.
   */
  readonly role: 'base' | 'preload' | 'host' | 'optional';
  /** Bytes to fetch, roughly (compressed). */
  readonly pullBytes: number;
  /** It is nobody's but ours: there is nothing to pull. */
  readonly builtOnly?: true;
}

/**
 * The node images of the pinned kind release, by Kubernetes' minor version. Its release notes name each with its digest and ask to use that: a
 * tag is moved by the next release. The first one's digest stands in kind's own source, too.
 */
export const nodeImages = {
  '1.35': { version: 'v1.35.0', digest: 'sha256:452d707d4862f52530247495d180205e029056831160e22870e37e3f6c1ac31f' },
  '1.34': { version: 'v1.34.3', digest: 'sha256:08497ee19eace7b4b5348db5c6a1591d7752b164530a36f855cb0f2bdcbadd48' },
  '1.33': { version: 'v1.33.7', digest: 'sha256:d26ef333bdb2cbe9862a0f7c3803ecc7b4303d8cea8e814b481b09949d353040' },
  '1.32': { version: 'v1.32.11', digest: 'sha256:5fc52d52a7b9574015299724bd68f183702956aa4a2116ae75a63cb574b35af8' },
  '1.31': { version: 'v1.31.14', digest: 'sha256:6f86cf509dbb42767b6e79debc3f2c32e4ee01386f0489b3b2be24b0a55aac2b' },
} as const satisfies Readonly<Record<string, { readonly version: string; readonly digest: string }>>;

export type KubernetesMinor = keyof typeof nodeImages;
export const kubernetesMinors = Object.keys(nodeImages) as [KubernetesMinor, ...KubernetesMinor[]];

/** The one that is built from source where nothing can be pulled. All outages were run on it, and on no other. */
export const builtMinor: KubernetesMinor = '1.34';
export const isBuilt = (minor: KubernetesMinor = builtMinor): boolean => minor === builtMinor;

/** Every image that can be pulled. */
export const images = [
  {
    id: 'node-base',
    ref: `kindest/node:${nodeImages[builtMinor].version}`,
    digest: nodeImages[builtMinor].digest,
    role: 'base',
    pullBytes: 460e6,
  },
  // kindest/node has the sandbox image of its containerd's configuration, and not the one that kubeadm asks for.
  { id: 'pause', ref: pauseImage, role: 'preload', pullBytes: 0.4e6 },
  { id: 'flannel', ref: `ghcr.io/flannel-io/flannel:${versions.flannel}`, role: 'preload', pullBytes: 40e6 },
  { id: 'podinfo', ref: `ghcr.io/stefanprodan/podinfo:${versions.podinfo}`, role: 'preload', pullBytes: 30e6 },
  { id: 'postgres', ref: `postgres:${versions.postgres}`, role: 'preload', pullBytes: 150e6 },
  { id: 'k6', ref: `grafana/k6:${versions.k6.slice(1)}`, role: 'host', pullBytes: 40e6 },
  { id: 'prometheus', ref: `prom/prometheus:${versions.prometheus}`, role: 'optional', pullBytes: 90e6 },
  { id: 'alertmanager', ref: `prom/alertmanager:${versions.alertmanager}`, role: 'optional', pullBytes: 30e6 },
  {
    id: 'node-exporter',
    ref: `quay.io/prometheus/node-exporter:${versions.nodeExporter}`,
    role: 'optional',
    pullBytes: 12e6,
  },
  {
    id: 'blackbox-exporter',
    ref: `quay.io/prometheus/blackbox-exporter:${versions.blackboxExporter}`,
    role: 'optional',
    pullBytes: 11e6,
  },
  {
    id: 'postgres-exporter',
    ref: `quay.io/prometheuscommunity/postgres-exporter:${versions.postgresExporter}`,
    role: 'optional',
    pullBytes: 9e6,
  },
  {
    id: 'kube-state-metrics',
    ref: `registry.k8s.io/kube-state-metrics/kube-state-metrics:${versions.kubeStateMetrics}`,
    role: 'optional',
    pullBytes: 20e6,
  },
] as const satisfies readonly ImageSpec[];

/** k3s' release of this Kubernetes. (github.com/k3s-io/k3s/releases) */
export const k3sRelease = `${versions.kubernetes}+k3s1`;

/** What the stand-in for k3s says that it is. */
export const k3sVersion = `${versions.kubernetes}+k3s-stand-in`;

/** The id of an image in `images`. */
export type ImageId = (typeof images)[number]['id'];

export const corednsImage = `registry.k8s.io/coredns/coredns:${versions.coredns}`;

/** The images that a built base holds besides (a pulled kindest/node has them already): id of the step, and name. */
export const baseImages = [
  { id: 'pause', ref: pauseImage },
  { id: 'kube-apiserver', ref: `registry.k8s.io/kube-apiserver:${versions.kubernetes}` },
  { id: 'kube-controller-manager', ref: `registry.k8s.io/kube-controller-manager:${versions.kubernetes}` },
  { id: 'kube-scheduler', ref: `registry.k8s.io/kube-scheduler:${versions.kubernetes}` },
  { id: 'kube-proxy', ref: `registry.k8s.io/kube-proxy:${versions.kubernetes}` },
  { id: 'etcd', ref: `registry.k8s.io/etcd:${versions.etcd.slice(1)}-0` },
  { id: 'coredns', ref: corednsImage },
] as const;

/** The repository that node images of ours are tagged under. */
export const nodeRepository = 'firedrill/node';
