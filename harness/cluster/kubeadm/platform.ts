import { kubeadm } from '../../distributions/kubeadm.ts';
import { systemdBoot } from '../boot.ts';
import { nodeNames } from '../layout.ts';
import type { Platform } from '../platform.ts';
import { controlPlanePatches, kubeadmPatches } from './config.ts';
import { askedFor, kindCreate, nodesMade } from './create.ts';
import { kubeadmRest } from './rest.ts';

/** kubeadm's Kubernetes on nodes that kind makes. */
export const kubeadmPlatform: Platform = {
  distribution: kubeadm,
  madeBy: 'kind',
  names: nodeNames,
  boot: systemdBoot,
  restart: 'no',
  plugins: kubeadm.paths.cni.plugins,
  bringsNetwork: false,
  dnsPatch: 'coredns.patch.yaml',
  // kind's version file may or may not end in a newline.
  versions: 'echo "$(cat /kind/version)"; containerd --version | cut -d" " -f3',
  configuredBy: (profile) => JSON.stringify([kubeadmPatches(profile), controlPlanePatches(profile)]),
  make: kindCreate,
  made: nodesMade,
  asked: askedFor,
  rest: kubeadmRest,
};
