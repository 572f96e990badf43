import { FiredrillError } from '../model/errors.ts';

/** What is looked at before anything is made. Undefined means that it could not be told, which refuses nothing. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Whether `docker` is podman under another name. */
  readonly podman?: boolean | undefined;
  /** Whether this user may not speak to the engine. */
  readonly forbidden?: boolean | undefined;
  /** The engine's architecture, as the kernel names it; '' where it does not say. */
  readonly engine?: string | undefined;
  /** Whether the engine runs without root. */
  readonly rootless?: boolean | undefined;
  /** Where the engine runs, when that is not this machine; see `engineElsewhere`. */
  readonly elsewhere?: string | undefined;
  /** What the engine makes its firewall rules with, as `docker info` says since its API 1.49: `iptables`, `nftables+firewalld`, … */
  readonly firewall?: string | undefined;
  /** Whether this machine's iptables has Docker's chain DOCKER-USER. */
  readonly dockerUserChain?: boolean | undefined;
  /** Whether the kernel has br_netfilter: /proc/sys/net/bridge/bridge-nf-call-iptables exists. */
  readonly bridgeNetfilter?: boolean | undefined;
  /** Programs that runbooks call on a workstation, and that are not here. */
  readonly missingTools?: readonly string[] | undefined;
}

/** Why nothing can be run here, and what to do instead. */
export interface Refusal {
  /** The check of `doctor` that fails for it. */
  readonly id: 'machine' | 'tools' | 'docker' | 'fence' | 'netfilter';
  readonly what: string;
  readonly fix: string;
}

/** Node's names of architectures, by the kernel's. */
const kernelNames: Readonly<Record<string, string>> = { x86_64: 'x64', aarch64: 'arm64' };

/**
 * Where no cluster can work, or none has ever been seen to: each is told before anything is pulled, built or installed, and not by a cluster that does not
 * become healthy a quarter of an hour later. Pure.
 */
export function refusals(machine: Machine): readonly Refusal[] {
  const { platform, arch, podman, engine = '', rootless, elsewhere, firewall = '', bridgeNetfilter } = machine;
  const { missingTools = [] } = machine;
  const here = `${platform} ${arch}`;
  const known = platform === 'linux' && ['x64', 'arm64'].includes(arch);
  const all: readonly (Refusal & { readonly when: boolean })[] = [
    {
      when: platform === 'darwin',
      id: 'machine',
      what: `${here} is not supported: disks would be mounted by paths that only Docker's virtual machine has`,
      fix: 'use a Linux virtual machine (`limactl start --name firedrill template://docker`), with Node.js in it',
    },
    {
      when: platform !== 'darwin' && !known,
      id: 'machine',
      what: `${here} is not supported`,
      fix:
        platform === 'win32'
          ? 'use WSL 2: `wsl --install`, and Node.js and Docker in it'
          : 'use Linux on x86-64 or arm64',
    },
    {
      when: missingTools.length > 0,
      id: 'tools',
      what: `runbooks call ${missingTools.join(', ')}, which this machine lacks`,
      fix: 'on Debian and Ubuntu: sudo apt-get install coreutils grep sed mawk tar',
    },
    {
      when: elsewhere !== undefined,
      id: 'docker',
      what: `Docker's engine runs ${elsewhere ?? ''}, not on this machine: clusters would publish their ports on its loopback and use its kernel`,
      fix: 'use the engine of this machine: `docker context use default`, and unset DOCKER_HOST and DOCKER_CONTEXT; or run firedrill where the engine is',
    },
    {
      when: engine !== '' && kernelNames[engine] !== arch,
      id: 'machine',
      what: `Node.js is for ${arch} and Docker's engine runs on ${engine}: programs built or fetched here could not run in its nodes`,
      fix: `install Node.js for ${kernelNames[engine] ?? engine}`,
    },
    {
      when: podman === true,
      id: 'docker',
      what: '`docker` is podman here; nodes, fences and snapshots need a Docker engine',
      fix: 'install Docker beside it (https://docs.docker.com/engine/install/) and remove podman-docker',
    },
    {
      when: machine.forbidden === true,
      id: 'docker',
      what: "Docker is installed, but this user may not use it: permission denied on its engine's socket",
      fix: '`sudo usermod -aG docker $USER`, then log in again (members of that group have root access)',
    },
    {
      when: rootless === true,
      id: 'docker',
      what: 'Docker runs rootless here: nodes cannot load firewall rules, and there is no chain for the fence',
      fix: 'use the rootful engine: `docker context use default`, or unset DOCKER_HOST',
    },
    {
      when: firewall.startsWith('nftables'),
      id: 'fence',
      what: 'Docker uses nftables here, so there is no DOCKER-USER chain, which the fence needs',
      fix: 'remove "firewall-backend" from /etc/docker/daemon.json (or dockerd\'s options), then: sudo systemctl restart docker',
    },
    {
      when: machine.dockerUserChain === false,
      id: 'fence',
      what: "Docker's DOCKER-USER chain, which the fence needs, is not in this machine's iptables",
      fix: 'remove "iptables": false from /etc/docker/daemon.json, then: sudo systemctl restart docker; or run with --open-fence',
    },
    {
      when: bridgeNetfilter === false,
      id: 'netfilter',
      what: 'the kernel module br_netfilter is not loaded: without it flannel exits at once, and no node becomes Ready',
      fix: 'sudo modprobe br_netfilter',
    },
  ];
  return all.filter(({ when }) => when).map(({ id, what, fix }) => ({ id, what, fix }));
}

/** @throws FiredrillError `environment` with the first refusal */
export function refuse(machine: Machine): void {
  const [first] = refusals(machine);
  if (first !== undefined) throw new FiredrillError('environment', first.what, { hint: first.fix });
}

/** What is known of where an engine runs, and of the machine that asks it. */
export interface EngineSite {
  /** Where the client finds it: DOCKER_HOST, or the active context's. */
  readonly endpoint: string;
  /** As `docker info` says. */
  readonly operatingSystem: string;
  readonly kernel: string;
  readonly name: string;
  readonly here: {
    readonly kernel: string;
    readonly hostname: string;
    /** Whether this is a container. */ readonly container: boolean;
  };
}

/**
 * Where an engine runs, in words, when that is not this machine; undefined when it is, or when nothing says otherwise. A socket says little: behind
 * it may be a virtual machine (Docker Desktop, Colima), or the machine around the container that this is. Pure.
 */
export function engineElsewhere({ endpoint, operatingSystem, kernel, name, here }: EngineSite): string | undefined {
  if (operatingSystem.startsWith('Docker Desktop')) return "in Docker Desktop's virtual machine";
  if (/^[a-z]+:/.test(endpoint) && !/^(unix:|(tcp|https?):\/\/(localhost|127\.|\[::1\]))/.test(endpoint))
    return `at ${endpoint}`;
  if (/^\d/.test(kernel) && kernel !== asDockerWrites(here.kernel)) return `on another kernel (${kernel})`;
  if (here.container && name !== '' && name !== here.hostname) return 'outside this container';
  return undefined;
}

/** Docker writes three numbers, also where the kernel's release has two: `3.12.0-1-amd64` for `3.12-1-amd64`. */
const asDockerWrites = (release: string): string => release.replace(/^(\d+\.\d+)(?!\.?\d)/, '$1.0');
