import type { DistributionName } from '../model/distribution.ts';
import type { OwnK3s } from './own-k3s.ts';
import {
  builtMinor,
  images,
  k3sVersion,
  nodeImages,
  type ImageId,
  type ImageSpec,
  type KubernetesMinor,
} from './refs.ts';

/** What nodes are to run. */
export interface ImagesOf {
  /** Kubernetes' minor version of kubeadm's nodes; default: the one that can be built, too. */
  readonly kubernetes?: KubernetesMinor;
  /** Default: kubeadm. */
  readonly distribution?: DistributionName;
  /** The real k3s, in place of the stand-in. */
  readonly k3s?: OwnK3s;
}

/** What the node image of a distribution is derived from, and what differs in how that is done. */
export interface NodeBase {
  /** The base. */
  readonly spec: (kubernetes: KubernetesMinor) => ImageSpec;
  /** Images that it has no use for: it brings the pods' network and its sandbox image itself. */
  readonly without: readonly ImageId[];
  /** Upstream's lacks the plug-in `bridge`, which flannel as a DaemonSet needs. */
  readonly lacksBridge: boolean;
  /** The command that starts its containerd; default: `containerd` alone. */
  readonly containerd?: readonly string[];
  /** Where the workload's images lie as an archive, too, for an installation without internet. */
  readonly archive?: string;
  /** What a container of it starts; default: systemd, behind our entrypoint. */
  readonly starts?: { readonly entrypoint: readonly string[]; readonly command: readonly string[] };
  /** Its kubectl: which version, where it lies in the image, and its path in the folder of the binaries. */
  readonly kubectl: (kubernetes: string) => {
    readonly version: string;
    readonly inImage: string;
    readonly kept: string;
  };
}

/** The ids of the images of nodes for k3s under systemd, and in k3d; built on demand only. */
export const k3sNode = 'k3s-node';
export const k3dNode = 'k3d-node';
/** The same two with the real k3s. */
export const ownK3sNode = 'k3s-own-node';
export const ownK3dNode = 'k3d-own-node';

/** k3s' containerd, on the folders that k3s gives it. */
export const k3sContainerd = [
  ...['/usr/local/lib/k3s/bin/containerd', '--address', '/run/k3s/containerd/containerd.sock'],
  ...['--state', '/run/k3s/containerd', '--root', '/var/lib/rancher/k3s/agent/containerd'],
];

const ofK3s = (id: string, kubectl: string): NodeBase => ({
  spec: () => {
    const ref = `firedrill/${id}:${k3sVersion.replace('+', '-')}`;
    return { id, ref, role: 'base', pullBytes: 0, builtOnly: true };
  },
  without: ['node-base', 'pause', 'flannel'],
  lacksBridge: false,
  containerd: k3sContainerd,
  // k3s goes by the name that it is called by.
  kubectl: () => ({ version: k3sVersion, inImage: kubectl, kept: `${k3sVersion}/kubectl` }),
});

const bases: Readonly<Record<DistributionName, NodeBase>> = {
  kubeadm: {
    spec: (kubernetes) => {
      const { version, digest } = nodeImages[kubernetes];
      const [base] = images;
      return { ...base, ref: `kindest/node:${version}`, digest };
    },
    without: [],
    lacksBridge: true,
    kubectl: (version) => ({
      version,
      inImage: '/usr/bin/kubectl',
      kept: version === nodeImages[builtMinor].version ? 'kubectl' : `kubectl-${version}`,
    }),
  },
  k3s: { ...ofK3s(k3sNode, '/usr/local/bin/kubectl'), archive: '/usr/local/lib/k3s/images-workload.tar' },
  k3d: { ...ofK3s(k3dNode, '/bin/kubectl'), starts: { entrypoint: ['/bin/k3s'], command: ['agent'] } },
};

/** What the node image of a distribution is derived from. */
export function nodeBaseOf({ distribution = 'kubeadm', k3s }: Pick<ImagesOf, 'distribution' | 'k3s'>): NodeBase {
  const base = bases[distribution];
  if (k3s === undefined || distribution === 'kubeadm') return base;
  const { version } = k3s;
  const id = distribution === 'k3d' ? ownK3dNode : ownK3sNode;
  const ref = `firedrill/${id}:${version.replace('+', '-')}`;
  return {
    ...base,
    spec: () => ({ id, ref, role: 'base', pullBytes: 0, builtOnly: true }),
    kubectl: (asked) => ({ ...base.kubectl(asked), version, kept: `${version}/kubectl` }),
  };
}

/** `images`, with the base of another Kubernetes version or of another distribution. */
export function imagesOf(of: ImagesOf = {}): readonly ImageSpec[] {
  const { spec, without } = nodeBaseOf(of);
  const others = images.filter(({ id, role }) => role !== 'base' && !(without as readonly string[]).includes(id));
  return [spec(of.kubernetes ?? builtMinor), ...others];
}
