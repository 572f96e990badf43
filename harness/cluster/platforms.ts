import type { DistributionName } from '../model/distribution.ts';
import { k3dPlatform } from './k3d/platform.ts';
import { k3sPlatform } from './k3s/platform.ts';
import { kubeadmPlatform } from './kubeadm/platform.ts';
import type { Platform } from './platform.ts';
import type { ClusterSpec } from './spec.ts';

const platforms: Readonly<Record<DistributionName, Platform>> = {
  kubeadm: kubeadmPlatform,
  k3s: k3sPlatform,
  k3d: k3dPlatform,
};

/** How the nodes of a cluster are made. */
export const platformOf = ({ distribution = 'kubeadm' }: Pick<ClusterSpec, 'distribution'>): Platform =>
  platforms[distribution];
