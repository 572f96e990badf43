import type { Distribution, DistributionName } from '../model/distribution.ts';
import { k3d } from './k3d.ts';
import { k3s } from './k3s.ts';
import { kubeadm } from './kubeadm.ts';

/** Every distribution that nodes can run, by name. */
export const distributions: Readonly<Record<DistributionName, Distribution>> = { kubeadm, k3s, k3d };
