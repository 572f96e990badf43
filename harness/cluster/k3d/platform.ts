import { stringify } from 'yaml';
import { k3d } from '../../distributions/k3d.ts';
import { askedFor, kubeletDropIn } from '../k3s/create.ts';
import { k3sPlatform } from '../k3s/platform.ts';
import type { Platform } from '../platform.ts';
import { k3dBoot, k3dCreate } from './create.ts';
import { k3dNodeNames, k3dVersion, k3sArgs } from './node.ts';
import { k3dRest } from './rest.ts';

/**
 * k3s in containers as k3d makes them: by the same calls to Docker, whether or not k3d is installed (docs/decisions.md). k3s is what the container is
 * there for, and Docker starts both again when it has ended.
 */
export const k3dPlatform: Platform = {
  distribution: k3d,
  madeBy: 'Docker, as k3d asks it',
  names: k3dNodeNames,
  boot: k3dBoot,
  restart: 'unless-stopped',
  bringsNetwork: true,
  dnsPatch: k3sPlatform.dnsPatch,
  versions: k3sPlatform.versions,
  configuredBy: (profile) => stringify([k3dVersion, k3sArgs(0, profile), kubeletDropIn(profile)]),
  make: k3dCreate,
  asked: askedFor,
  rest: k3dRest,
};
