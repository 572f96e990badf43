import { stringify } from 'yaml';
import { k3s } from '../../distributions/k3s.ts';
import { systemdBoot } from '../boot.ts';
import { nodeNames } from '../layout.ts';
import type { Platform } from '../platform.ts';
import { askedFor, k3sConfig, k3sCreate, kubeletDropIn } from './create.ts';
import { k3sRest } from './rest.ts';

/** k3s as a systemd unit on nodes that Docker is asked for as kind asks for its own. */
export const k3sPlatform: Platform = {
  distribution: k3s,
  madeBy: 'Docker',
  names: nodeNames,
  boot: systemdBoot,
  restart: 'no',
  bringsNetwork: true,
  dnsPatch: 'coredns-k3s.patch.yaml',
  versions:
    "k3s --version | sed -n '1s/.*version //p' | cut -d' ' -f1; k3s ctr version | sed -n 's/^  Version: *//p' | tail -n 1",
  configuredBy: (profile) => stringify([k3sConfig(profile, { address: '', token: '' }), kubeletDropIn(profile)]),
  make: k3sCreate,
  asked: askedFor,
  rest: k3sRest,
};
