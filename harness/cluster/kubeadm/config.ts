import { stringify } from 'yaml';
import type { Profile } from '../../model/profile.ts';
import { controllerTimers, kubeletTimers } from '../timers.ts';
import { endpointPorts, nodeNames } from '../layout.ts';
import { apiServerPort, hostPort, type Ports } from '../ports.ts';

/** The kubelet's and the controller manager's timers of a profile, as kubeadm patches. */
export function kubeadmPatches(profile: Profile): string[] {
  const controllerManager = controllerTimers(profile);
  return [
    stringify({ kind: 'KubeletConfiguration', ...kubeletTimers(profile) }),
    ...['v1beta3', 'v1beta4'].map((version) =>
      stringify({
        apiVersion: `kubeadm.k8s.io/${version}`,
        kind: 'InitConfiguration',
        patches: { directory: patchesDir },
      }),
    ),
    // kind speaks v1beta3 to this Kubernetes and v1beta4 to newer ones; a patch of the other version is passed over.
    stringify({
      apiVersion: 'kubeadm.k8s.io/v1beta3',
      kind: 'ClusterConfiguration',
      controllerManager: { extraArgs: controllerManager },
    }),
    stringify({
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'ClusterConfiguration',
      // A list: it replaces kind's own, whose one entry is repeated here.
      controllerManager: {
        extraArgs: Object.entries({ 'enable-hostpath-provisioner': 'true', ...controllerManager }).map(
          ([name, value]) => ({ name, value }),
        ),
      },
    }),
  ];
}

/** Where kubeadm finds patches of the control plane's own pods, in the control-plane node. */
export const patchesDir = '/kind/firedrill-patches';

/**
 * What is changed of kubeadm's own static pods.
 *
 * kubeadm lets them be looked at every 10 s until they have started, so that the API calls them not ready for up to 20 s after they
 * are. `fast` looks every second, and gives up after the same four minutes. In both profiles the scheduler speaks HTTP/1.1 (a switch
 * of client-go's): each of its watches has a connection of its own then, which the fault `scheduler-stall` needs.
 */
export function controlPlanePatches(profile: Profile): Readonly<Record<string, string>> {
  const quick = { startupProbe: { initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 240 } };
  const fast = profile.name === 'fast' ? quick : {};
  const containers: Readonly<Record<string, object>> = {
    'kube-apiserver': fast,
    'kube-controller-manager': fast,
    'kube-scheduler': { ...fast, env: [{ name: 'DISABLE_HTTP2', value: 'true' }] },
    etcd: fast,
  };
  return Object.fromEntries(
    Object.entries(containers)
      .filter(([, change]) => Object.keys(change).length > 0)
      .map(([name, change]) => [`${name}0+strategic.yaml`, stringify({ spec: { containers: [{ name, ...change }] } })]),
  );
}

/** The configuration that `kind create cluster` reads. */
export function kindConfig(spec: {
  readonly name: string;
  readonly workers: number;
  readonly profile: Profile;
  readonly ports: Ports;
}): string {
  const onLoopback = { listenAddress: '127.0.0.1', protocol: 'TCP' };
  const nodes = nodeNames(spec.name, spec.workers).map((_, index) => {
    const mappings = endpointPorts(index, spec.workers).map((containerPort) => ({
      containerPort,
      hostPort: hostPort(spec.ports, containerPort),
      ...onLoopback,
    }));
    return {
      role: index === 0 ? 'control-plane' : 'worker',
      ...(mappings.length ? { extraPortMappings: mappings } : {}),
    };
  });
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    name: spec.name,
    networking: {
      disableDefaultCNI: true,
      podSubnet: '10.244.0.0/16',
      ipFamily: 'ipv4',
      apiServerAddress: '127.0.0.1',
      apiServerPort: hostPort(spec.ports, apiServerPort),
    },
    kubeadmConfigPatches: kubeadmPatches(spec.profile),
    nodes,
  });
}
