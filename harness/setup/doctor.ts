import { readFile, statfs } from 'node:fs/promises';
import { arch, cpus, totalmem } from 'node:os';
import { join } from 'node:path';

import { planImages } from '../images/plan.ts';
import { versions } from '../images/refs.ts';
import { oneLine } from '../model/errors.ts';
import { humanDuration } from '../model/units.ts';
import { cacheDir } from './cache.ts';
import { boundingSet, holds, sysResourceBit } from './capabilities.ts';
import { boundedRuntime } from './daemon-config.ts';
import { askDocker, diskForBuild, diskForRun, isPodman, type DockerFacts } from './docker.ts';
import { binDir, isKindVersion } from './kind.ts';
import { refusals, type Refusal } from './refusal.ts';
import { realRunner, type Runner } from './run.ts';

/** One thing that has to be right before a run. */
export interface Check {
  readonly id: string;
  readonly title: string;
  /** `fail` keeps runs from working; `warn` may, or is mended by the run itself. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** The command that mends it. */
  readonly mend?: string;
}

/** What was looked at. Undefined means that it could not be told. */
export interface Facts {
  readonly platform: string;
  readonly arch: string;
  readonly nodeVersion: string;
  readonly isRoot: boolean;
  readonly docker: DockerFacts | undefined;
  readonly dockerInstalled: boolean;
  /** Whether `docker` is podman under another name. */
  readonly podman: boolean;
  /** `DOCKER_HOST`, when it is set. */
  readonly dockerHost: string | undefined;
  readonly aptHost: boolean;
  /** Text of /proc/self/status. */
  readonly status: string | undefined;
  readonly dockerFreeBytes: number | undefined;
  readonly cacheFreeBytes: number | undefined;
  readonly memoryBytes: number;
  readonly cpuCount: number;
  readonly inotifyInstances: number | undefined;
  readonly inotifyWatches: number | undefined;
  readonly openFiles: number | undefined;
  /** Whether bridged traffic passes iptables: /proc/sys/net/bridge/bridge-nf-call-iptables exists. */
  readonly bridgeNetfilter: boolean | undefined;
  /** What `go env GOVERSION` says. */
  readonly go: string | undefined;
  readonly kind: string | undefined;
  readonly images: ImageFacts | undefined;
  /** Whether Docker's DOCKER-USER chain can be read, and so the fence be put up from here. */
  readonly dockerUserChain: 'readable' | 'absent' | 'forbidden' | undefined;
}

/** What would have to be done for the images. */
export interface ImageFacts {
  readonly ready: boolean;
  readonly pullCount: number;
  readonly pullBytes: number;
  readonly buildSteps: number;
  readonly buildMs: number;
}

const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
/** Memory that a control plane and two workers with a workload need, as measured. */
const memoryNeeded = 3e9;
/** kind's documentation names these limits where nodes die of "too many open files". */
const inotifyInstancesNeeded = 512;
const openFilesNeeded = 4096;
const oldestNode: readonly [number, number] = [20, 19];

/** The checks for these facts. Pure: it starts nothing and reads nothing. */
export function judge(facts: Facts): readonly Check[] {
  return [
    machine(facts),
    nodeJs(facts),
    ...dockerChecks(facts),
    disk(facts),
    facts.memoryBytes >= memoryNeeded
      ? ok('memory', 'Memory', gb(facts.memoryBytes))
      : warn('memory', 'Memory', `${gb(facts.memoryBytes)}; a cluster of three nodes needs about ${gb(memoryNeeded)}`),
    facts.cpuCount >= 2
      ? ok('cpu', 'Processors', String(facts.cpuCount))
      : warn('cpu', 'Processors', 'only one; times will say more about it than about the outage'),
    ...limits(facts),
    network(facts),
    fence(facts),
    facts.go === undefined
      ? warn(
          'go',
          'Go toolchain',
          'none; images and kind have to be fetched, not built',
          'install Go from https://go.dev/dl/',
        )
      : ok('go', 'Go toolchain', facts.go),
    facts.kind !== undefined && isKindVersion(facts.kind, versions.kind)
      ? ok('kind', 'kind', versions.kind)
      : warn('kind', 'kind', `${versions.kind} is not in the cache yet; the first run makes it in about half a minute`),
    imagesCheck(facts),
  ];
}

/** The check of what nothing can be run without; undefined when it refuses nothing. */
function refused(facts: Facts, id: Refusal['id'], title: string): Check | undefined {
  const { platform, arch: architecture, podman, docker, bridgeNetfilter } = facts;
  const engine = docker?.architecture;
  const machine = { platform, arch: architecture, podman, engine, rootless: docker?.rootless, bridgeNetfilter };
  const refusal = refusals(machine).find((one) => one.id === id);
  return refusal === undefined ? undefined : fail(id, title, refusal.what, refusal.mend);
}

const machine = (facts: Facts): Check =>
  refused(facts, 'machine', 'Machine') ?? ok('machine', 'Machine', `${facts.platform} ${facts.arch}`);

function nodeJs(facts: Facts): Check {
  const [major = 0, minor = 0] = facts.nodeVersion.replace(/^v/, '').split('.').map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
    ? ok('node-js', 'Node.js', facts.nodeVersion)
    : fail(
        'node-js',
        'Node.js',
        `${facts.nodeVersion} is older than ${oldestNode.join('.')}`,
        `install Node.js ${oldestNode.join('.')} or newer`,
      );
}

function dockerChecks(facts: Facts): readonly Check[] {
  const no = refused(facts, 'docker', 'Docker');
  if (no !== undefined) return [no];
  const { docker } = facts;
  const set = facts.status === undefined ? undefined : boundingSet(facts.status);
  const withheld = set !== undefined && !holds(set, sysResourceBit);
  if (docker === undefined) {
    if (facts.dockerHost !== undefined) {
      return [
        fail(
          'docker',
          'Docker',
          `no Docker answers at DOCKER_HOST=${facts.dockerHost}`,
          'start it, or unset DOCKER_HOST',
        ),
      ];
    }
    if (facts.dockerInstalled) {
      return [
        facts.isRoot && facts.platform === 'linux'
          ? warn('docker', 'Docker', 'installed but stopped; the next run starts it')
          : fail('docker', 'Docker', 'its engine does not answer', 'sudo systemctl start docker'),
      ];
    }
    return [
      facts.isRoot && facts.aptHost
        ? warn('docker', 'Docker', 'missing; the next run installs docker.io with apt-get')
        : fail('docker', 'Docker', 'missing', 'install it: https://docs.docker.com/engine/install/'),
    ];
  }
  const checks = [
    ok('docker', 'Docker', `${docker.serverVersion}, ${docker.storageDriver}, cgroup v${docker.cgroupVersion}`),
  ];
  if (!['overlay2', 'overlayfs', 'btrfs', 'zfs'].includes(docker.storageDriver)) {
    checks.push(warn('storage', 'Storage driver', `${docker.storageDriver} copies whole layers: nodes start slowly`));
  }
  if (!withheld) checks.push(ok('runtime', 'Privileged containers', 'no capability is withheld'));
  else if (docker.defaultRuntime === boundedRuntime) {
    checks.push(
      ok('runtime', 'Privileged containers', 'CAP_SYS_RESOURCE is withheld; the bounded runtime is in place'),
    );
  } else {
    checks.push(
      fail(
        'runtime',
        'Privileged containers',
        `CAP_SYS_RESOURCE is withheld here and the default runtime is ${docker.defaultRuntime}: nodes cannot start`,
        'stop the Docker engine; the next run starts it with the bounded runtime',
      ),
    );
  }
  return checks;
}

function disk(facts: Facts): Check {
  const free = Math.min(facts.dockerFreeBytes ?? Infinity, facts.cacheFreeBytes ?? Infinity);
  if (free === Infinity) return warn('disk', 'Disk', 'cannot be told from here');
  const building = facts.images !== undefined && !facts.images.ready && facts.images.buildSteps > 0;
  if (free < diskForRun) {
    return fail('disk', 'Disk', `${gb(free)} free; runs need ${gb(diskForRun)}`, 'free some space: docker system df');
  }
  return building && free < diskForBuild
    ? warn('disk', 'Disk', `${gb(free)} free; building images needs ${gb(diskForBuild)}`)
    : ok('disk', 'Disk', `${gb(free)} free`);
}

function limits(facts: Facts): readonly Check[] {
  const { inotifyInstances, inotifyWatches, openFiles } = facts;
  const checks: Check[] = [];
  if (inotifyInstances !== undefined) {
    checks.push(
      inotifyInstances >= inotifyInstancesNeeded
        ? ok('inotify', 'inotify', `${String(inotifyInstances)} instances, ${String(inotifyWatches ?? 0)} watches`)
        : warn(
            'inotify',
            'inotify',
            `${String(inotifyInstances)} instances: enough for three nodes, not for many`,
            `sysctl fs.inotify.max_user_instances=${String(inotifyInstancesNeeded)}`,
          ),
    );
  }
  if (openFiles !== undefined) {
    checks.push(
      openFiles >= openFilesNeeded
        ? ok('open-files', 'Open files', String(openFiles))
        : warn('open-files', 'Open files', `at most ${String(openFiles)}`, `ulimit -n ${String(openFilesNeeded)}`),
    );
  }
  return checks;
}

function network(facts: Facts): Check {
  const no = refused(facts, 'netfilter', 'Bridge netfilter');
  if (no !== undefined) return no;
  return facts.bridgeNetfilter === undefined
    ? warn('netfilter', 'Bridge netfilter', 'cannot be told from here')
    : ok('netfilter', 'Bridge netfilter', 'bridged packets pass iptables');
}

function fence(facts: Facts): Check {
  switch (facts.dockerUserChain) {
    case 'readable':
      return ok('fence', 'Fence', "Docker's DOCKER-USER chain is there; cluster networks can be closed");
    case 'absent':
      return warn('fence', 'Fence', 'no DOCKER-USER chain: Docker does not manage iptables, or does it elsewhere');
    case 'forbidden':
      return warn(
        'fence',
        'Fence',
        'iptables cannot be read without root; the fence is put up through a container instead',
      );
    case undefined:
      return warn('fence', 'Fence', 'cannot be told from here');
  }
}

function imagesCheck(facts: Facts): Check {
  const { images } = facts;
  if (images === undefined) return warn('images', 'Images', 'cannot be told without Docker');
  if (images.ready) return ok('images', 'Images', 'the node image and k6 are there');
  const pull =
    images.pullCount > 0
      ? `pulls ${String(images.pullCount)} (about ${String(Math.round(images.pullBytes / 1e6))} MB)`
      : '';
  const build =
    images.buildSteps > 0
      ? `builds from source (${String(images.buildSteps)} steps, about ${humanDuration(images.buildMs)})`
      : '';
  const what = [pull, build].filter((s) => s !== '').join(', or where that fails ');
  return warn('images', 'Images', `missing; the first run ${what === '' ? 'derives the node image' : what}`);
}

const ok = (id: string, title: string, detail: string): Check => ({ id, title, status: 'ok', detail });
const warn = (id: string, title: string, detail: string, mend?: string): Check => ({
  id,
  title,
  status: 'warn',
  detail,
  ...(mend === undefined ? {} : { mend }),
});
const fail = (id: string, title: string, detail: string, mend: string): Check => ({
  id,
  title,
  status: 'fail',
  detail,
  mend,
});

/** Looks at this machine. Read-only: asks Docker, reads /proc, starts nothing that stays. */
export async function collectFacts(runner: Runner = realRunner, signal?: AbortSignal): Promise<Facts> {
  const docker = await askDocker(runner, signal);
  const version = async (program: string, args: readonly string[]): Promise<string | undefined> => {
    const result = await runner.run(program, args, { signal, timeoutMs: 20_000 });
    return result.ok ? result.stdout.trim() : undefined;
  };
  const kind = join(binDir(), 'kind');
  const limit = await version('sh', ['-c', 'ulimit -n']);
  return {
    platform: process.platform,
    arch: arch(),
    nodeVersion: process.version,
    isRoot: process.getuid?.() === 0,
    docker,
    dockerInstalled: docker !== undefined || (await version('dockerd', ['--version'])) !== undefined,
    podman: docker === undefined && (await isPodman(runner, signal)),
    dockerHost: process.env['DOCKER_HOST'] === '' ? undefined : process.env['DOCKER_HOST'],
    aptHost: (await version('apt-get', ['--version'])) !== undefined,
    status: await readFile('/proc/self/status', 'utf8').catch(() => undefined),
    dockerFreeBytes: docker === undefined ? undefined : await freeBytes(docker.rootDir),
    cacheFreeBytes: (await freeBytes(cacheDir())) ?? (await freeBytes(join(cacheDir(), '..', '..'))),
    memoryBytes: totalmem(),
    cpuCount: cpus().length,
    inotifyInstances: await readNumber('/proc/sys/fs/inotify/max_user_instances'),
    inotifyWatches: await readNumber('/proc/sys/fs/inotify/max_user_watches'),
    openFiles: limit === 'unlimited' ? Infinity : limit === undefined ? undefined : Number(limit),
    bridgeNetfilter:
      process.platform === 'linux'
        ? (await readNumber('/proc/sys/net/bridge/bridge-nf-call-iptables')) !== undefined
        : undefined,
    go: await version('go', ['env', 'GOVERSION']),
    kind: await version(kind, ['version']),
    images: docker === undefined ? undefined : await imageFacts(runner, signal),
    dockerUserChain: await dockerUserChain(runner, signal),
  };
}

async function imageFacts(runner: Runner, signal?: AbortSignal): Promise<ImageFacts | undefined> {
  try {
    const plan = await planImages({ mode: 'auto', runner }, signal);
    return {
      ready: plan.ready,
      pullCount: plan.pull.length,
      pullBytes: plan.pull.reduce((sum, p) => sum + p.bytes, 0),
      buildSteps: plan.build.length,
      buildMs: plan.buildMs,
    };
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

async function dockerUserChain(runner: Runner, signal?: AbortSignal): Promise<Facts['dockerUserChain']> {
  if (process.platform !== 'linux') return undefined;
  const listed = await runner.run('iptables', ['-w', '5', '-S', 'DOCKER-USER'], { signal, timeoutMs: 10_000 });
  if (listed.ok) return 'readable';
  if (listed.missing) return undefined;
  return /permission|must be root/i.test(listed.stderr) ? 'forbidden' : 'absent';
}

const freeBytes = (dir: string): Promise<number | undefined> =>
  statfs(dir).then(
    (s) => s.bavail * s.bsize,
    () => undefined,
  );

async function readNumber(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text.trim());
}

/**
 * Everything that has to be right before a run, looked at now. Read-only.
 * Never rejects for something that is wrong: that is what the checks say. Rejects when `signal` is aborted.
 */
export async function preconditions(
  options: { readonly runner?: Runner; readonly signal?: AbortSignal } = {},
): Promise<readonly Check[]> {
  try {
    return judge(await collectFacts(options.runner, options.signal));
  } catch (error) {
    options.signal?.throwIfAborted();
    return [fail('doctor', 'Doctor', `could not look: ${oneLine(error)}`, 'run it again with --verbose')];
  }
}

/** The checks as lines: a mark, the title, what was found, and what mends it. */
export function describeChecks(checks: readonly Check[]): readonly string[] {
  const mark = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;
  const width = Math.max(0, ...checks.map((c) => c.title.length));
  return checks.flatMap((c) => [
    `${mark[c.status]}  ${c.title.padEnd(width)}  ${c.detail}`,
    ...(c.mend === undefined ? [] : [`${' '.repeat(width + 8)}mend: ${c.mend}`]),
  ]);
}
