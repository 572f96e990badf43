import type { ProgressEvent } from '../../harness/model/progress.ts';
import type { DockerFacts } from '../../harness/host/docker.ts';
import { ensureDocker, localEndpoint, type DockerHost, type DockerReady } from '../../harness/setup/docker.ts';
import type { Facts } from '../../harness/setup/doctor.ts';
import { clusterMemory } from '../../harness/setup/need.ts';
import type { Runner, RunResult } from '../../harness/host/run.ts';

const kernel = '6.12.43-amd64';

/** An engine of root on the machine below. */
export const engine: DockerFacts = {
  serverVersion: '29.1.2',
  storageDriver: 'overlay2',
  cgroupVersion: '1',
  defaultRuntime: 'runc',
  rootDir: '/var/lib/docker',
  rootless: false,
  architecture: 'x86_64',
  operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
  kernel,
  name: 'desk',
  firewall: 'iptables',
};

/** A machine on which everything is as it should be. */
export const good: Facts = {
  platform: 'linux',
  arch: 'x64',
  nodeVersion: 'v20.20.2',
  isRoot: true,
  docker: engine,
  dockerInstalled: true,
  podman: false,
  forbidden: false,
  endpoint: localEndpoint,
  here: { kernel, hostname: 'desk', container: false },
  aptHost: true,
  status: 'CapBnd:\t000001ffffffffff\n',
  dockerFreeBytes: 50e9,
  cacheFreeBytes: 50e9,
  availableBytes: 24e9,
  needs: [
    { what: 'cni-wipe', clusters: 1, nodes: 3, memoryBytes: clusterMemory(2, 23) },
    { what: 'simultaneous-reboot', clusters: 1, nodes: 3, memoryBytes: clusterMemory(2, 62) },
  ],
  cpuCount: 2,
  inotify: { limit: 1024, used: 60 },
  openFiles: 20_000,
  bridgeNetfilter: true,
  go: 'go1.26.8',
  kind: 'kind v0.31.0 go1.26.8 linux/amd64',
  images: { ready: true, pullCount: 0, pullBytes: 0, buildSteps: 0, buildMs: 0 },
  dockerUserChain: 'there',
  missingTools: [],
};

const done: RunResult = { ok: true, exitCode: 0, stdout: '', stderr: '', missing: false, timedOut: false };
const failed: RunResult = { ...done, ok: false, exitCode: 1 };
const denied: RunResult = {
  ...failed,
  stderr: 'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
};
const gone: RunResult = { ...failed, exitCode: undefined, missing: true };

/** What `docker info` prints of an engine. */
export const infoOf = (docker: DockerFacts): string =>
  JSON.stringify({
    ServerVersion: docker.serverVersion,
    Driver: docker.storageDriver,
    CgroupVersion: docker.cgroupVersion,
    DefaultRuntime: docker.defaultRuntime,
    DockerRootDir: docker.rootDir,
    Architecture: docker.architecture,
    OperatingSystem: docker.operatingSystem,
    KernelVersion: docker.kernel,
    Name: docker.name,
    SecurityOptions: docker.rootless ? ['name=seccomp,profile=builtin', 'name=rootless'] : [],
    FirewallBackend: docker.firewall === '' ? undefined : { Driver: docker.firewall },
  });

/**
 * A machine of which `facts` are true, as `ensureDocker` sees it. `log` gets every command that changes something; `dockerd` and what installs it
 * make an engine answer.
 */
export function machineOf(facts: Facts, over: Partial<DockerHost> = {}) {
  const log: string[] = [];
  const notes: ProgressEvent[] = [];
  const state = { docker: facts.docker, installed: facts.dockerInstalled };
  const chain = {
    there: done,
    absent: { ...failed, stderr: 'No chain/target/match by that name.' },
    forbidden: { ...failed, stderr: 'Permission denied (you must be root)' },
  };
  const answers: readonly (readonly [RegExp, () => RunResult])[] = [
    [
      /^docker info/,
      () =>
        state.docker === undefined ? (facts.forbidden ? denied : failed) : { ...done, stdout: infoOf(state.docker) },
    ],
    [/^docker context inspect/, () => ({ ...done, stdout: facts.endpoint })],
    [/^docker --version/, () => (facts.podman ? { ...done, stdout: 'podman version 4.3.1' } : done)],
    [/^docker/, () => (state.installed ? done : gone)],
    [/^iptables-/, () => (facts.dockerUserChain === undefined ? gone : chain[facts.dockerUserChain])],
    [/^apt-get --version/, () => (facts.aptHost ? done : gone)],
  ];
  const runner: Runner = {
    run: (file, args) => {
      const command = [file, ...args].join(' ');
      const answer = answers.find(([pattern]) => pattern.test(command));
      if (answer !== undefined) return Promise.resolve(answer[1]());
      log.push(command);
      if (command.includes('install')) state.installed = true;
      return Promise.resolve(done);
    },
    pipe: () => Promise.reject(new Error('not here')),
  };
  const host: DockerHost = {
    platform: facts.platform as NodeJS.Platform,
    arch: facts.arch,
    isRoot: facts.isRoot,
    status: () => Promise.resolve(facts.status),
    bridgeNetfilter: () => Promise.resolve(facts.bridgeNetfilter),
    here: () => facts.here,
    missingTools: () => Promise.resolve(facts.missingTools),
    availableBytes: () => facts.availableBytes,
    inotify: () => Promise.resolve(facts.inotify),
    systemd: () => Promise.resolve(false),
    spawnDockerd: () => {
      log.push('dockerd');
      state.docker = engine;
      return new Promise(() => undefined);
    },
    installBoundedRuntime: () => {
      log.push('bounded runtime');
      return Promise.resolve(undefined);
    },
    freeBytes: () => Promise.resolve(facts.dockerFreeBytes),
    ...over,
  };
  /** Makes it ready for a run of the smallest outage. */
  const ready = (openFence = false): Promise<DockerReady> => {
    const [need] = facts.needs;
    const options = { runner, host, stateDir: '/s', openFence, ...(need === undefined ? {} : { need }) };
    return ensureDocker(options, (event) => notes.push(event));
  };
  return { log, notes, ready };
}
