/** Versions of everything that an image is pulled or built from. The go.mod files under images/ say the same (a test compares). */
export const versions = {
  kubernetes: 'v1.34.3',
  kind: 'v0.33.0',
  etcd: 'v3.6.5',
  crictl: 'v1.34.0',
  coredns: 'v1.12.1',
  flannel: 'v0.28.4',
  podinfo: '6.9.2',
  k6: 'v1.8.1',
  postgres: '15',
  pause: '3.10.1',
  cniPlugins: 'v1.9.1',
  prometheus: 'v2.42.0',
  alertmanager: 'v0.25.0',
} as const;

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
}

/** Every image that can be pulled. */
export const images = [
  {
    id: 'node-base',
    ref: `kindest/node:${versions.kubernetes}`,
    digest: 'sha256:08497ee19eace7b4b5348db5c6a1591d7752b164530a36f855cb0f2bdcbadd48',
    role: 'base',
    pullBytes: 460e6,
  },
  { id: 'flannel', ref: `ghcr.io/flannel-io/flannel:${versions.flannel}`, role: 'preload', pullBytes: 40e6 },
  { id: 'podinfo', ref: `ghcr.io/stefanprodan/podinfo:${versions.podinfo}`, role: 'preload', pullBytes: 30e6 },
  { id: 'postgres', ref: `postgres:${versions.postgres}`, role: 'preload', pullBytes: 150e6 },
  { id: 'k6', ref: `grafana/k6:${versions.k6.slice(1)}`, role: 'host', pullBytes: 40e6 },
  { id: 'prometheus', ref: `prom/prometheus:${versions.prometheus}`, role: 'optional', pullBytes: 90e6 },
  { id: 'alertmanager', ref: `prom/alertmanager:${versions.alertmanager}`, role: 'optional', pullBytes: 30e6 },
] as const satisfies readonly ImageSpec[];

/** The id of an image in `images`. */
export type ImageId = (typeof images)[number]['id'];

/** The images that a built base holds besides (a pulled kindest/node has them already): id of the step, and name. */
export const baseImages = [
  { id: 'pause', ref: `registry.k8s.io/pause:${versions.pause}` },
  { id: 'kube-apiserver', ref: `registry.k8s.io/kube-apiserver:${versions.kubernetes}` },
  { id: 'kube-controller-manager', ref: `registry.k8s.io/kube-controller-manager:${versions.kubernetes}` },
  { id: 'kube-scheduler', ref: `registry.k8s.io/kube-scheduler:${versions.kubernetes}` },
  { id: 'kube-proxy', ref: `registry.k8s.io/kube-proxy:${versions.kubernetes}` },
  { id: 'etcd', ref: `registry.k8s.io/etcd:${versions.etcd.slice(1)}-0` },
  { id: 'coredns', ref: `registry.k8s.io/coredns/coredns:${versions.coredns}` },
] as const;

/** The repository that node images of ours are tagged under. */
export const nodeRepository = 'firedrill/node';

/** An image's name as containerd writes it: `postgres:15` is `docker.io/library/postgres:15`. */
export function fullName(ref: string): string {
  const { host, path, tag } = splitRef(ref);
  return `${host}/${path}:${tag}`;
}

/** Splits a reference; names without a host are on docker.io, and those of one word under library/ there. */
export function splitRef(ref: string): { readonly host: string; readonly path: string; readonly tag: string } {
  const slash = ref.indexOf('/');
  const first = slash === -1 ? '' : ref.slice(0, slash);
  const hasHost = first === 'localhost' || first.includes('.') || first.includes(':');
  const rest = hasHost ? ref.slice(slash + 1) : ref;
  const colon = rest.lastIndexOf(':');
  const name = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? 'latest' : rest.slice(colon + 1);
  const host = hasHost ? first : 'docker.io';
  return { host, path: host === 'docker.io' && !name.includes('/') ? `library/${name}` : name, tag };
}
