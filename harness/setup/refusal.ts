import { FiredrillError } from '../model/errors.ts';

/** What is looked at before anything is made. Undefined means that it could not be told, which refuses nothing. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Whether `docker` is podman under another name. */
  readonly podman?: boolean | undefined;
  /** The engine's architecture, as the kernel names it; '' where it does not say. */
  readonly engine?: string | undefined;
  /** Whether the engine runs without root. */
  readonly rootless?: boolean | undefined;
  /** Whether the kernel has br_netfilter: /proc/sys/net/bridge/bridge-nf-call-iptables exists. */
  readonly bridgeNetfilter?: boolean | undefined;
}

/** Why nothing can be run here, and what to do instead. */
export interface Refusal {
  /** The check of `doctor` that fails for it. */
  readonly id: 'machine' | 'docker' | 'netfilter';
  readonly what: string;
  readonly mend: string;
}

/** Node's names of architectures, by the kernel's. */
const kernelNames: Readonly<Record<string, string>> = { x86_64: 'x64', aarch64: 'arm64' };

/**
 * Where no cluster can work, or none has ever been seen to: each is told before anything is pulled, built or installed, and not by a cluster that does not
 * become healthy a quarter of an hour later. Pure.
 */
export function refusals(machine: Machine): readonly Refusal[] {
  const { platform, arch, podman, engine = '', rootless, bridgeNetfilter } = machine;
  const here = `${platform} ${arch}`;
  const known = platform === 'linux' && ['x64', 'arm64'].includes(arch);
  const all: readonly (Refusal & { readonly when: boolean })[] = [
    {
      when: platform === 'darwin',
      id: 'machine',
      what: `${here} is not supported: runbooks need GNU tools, and disks are mounted by paths of Docker's own virtual machine`,
      mend: 'use a Linux virtual machine (`limactl start --name firedrill template://docker`), with Node.js in it',
    },
    {
      when: platform !== 'darwin' && !known,
      id: 'machine',
      what: `${here} is not supported`,
      mend:
        platform === 'win32'
          ? 'use WSL 2: `wsl --install`, and Node.js and Docker in it'
          : 'use Linux on x86-64 or arm64',
    },
    {
      when: engine !== '' && kernelNames[engine] !== arch,
      id: 'machine',
      what: `Node.js is for ${arch} and Docker's engine runs on ${engine}: what is built or fetched here could not run in its nodes`,
      mend: `install Node.js for ${kernelNames[engine] ?? engine}`,
    },
    {
      when: podman === true,
      id: 'docker',
      what: '`docker` is podman here; nodes, fences and snapshots need a Docker engine',
      mend: 'install Docker beside it (https://docs.docker.com/engine/install/) and take podman-docker away',
    },
    {
      when: rootless === true,
      id: 'docker',
      what: 'Docker runs rootless here: nodes cannot load firewall rules, and the fence has no chain to stand in',
      mend: 'use the engine of root: `docker context use default`, or unset DOCKER_HOST',
    },
    {
      when: bridgeNetfilter === false,
      id: 'netfilter',
      what: 'the kernel module br_netfilter is not loaded: flannel ends at once without it, and no node becomes Ready',
      mend: 'sudo modprobe br_netfilter',
    },
  ];
  return all.filter(({ when }) => when).map(({ id, what, mend }) => ({ id, what, mend }));
}

/** @throws FiredrillError `environment` with the first refusal */
export function refuse(machine: Machine): void {
  const [first] = refusals(machine);
  if (first !== undefined) throw new FiredrillError('environment', first.what, { hint: first.mend });
}
