import { readFile } from 'node:fs/promises';
import { arch, cpus } from 'node:os';
import { dirname, join } from 'node:path';

import { diskForBuild, planImages, type ImagePlan } from '../images/plan.ts';
import { versions } from '../images/refs.ts';
import { oneLine } from '../model/errors.ts';
import { gibibytes, gigabytes, humanDuration } from '../model/units.ts';
import type { Inotify } from '../host/inotify.ts';
import { cacheDir } from '../host/folders.ts';
import { needsBoundedRuntime } from './capabilities.ts';
import { boundedRuntime } from './daemon-config.ts';
import { freeBytes } from '../host/disk.ts';
import { findDocker, type DockerFacts } from '../host/docker.ts';
import {
  aboutEngine,
  dockerEndpoint,
  dockerUserChain,
  isPodman,
  localEndpoint,
  thisHost,
  toLocalEndpoint,
  type UserChain,
} from './docker.ts';
import { binDir, isKindVersion } from './kind.ts';
import { cacheForRun, diskForRun, inotifyRoomFor, moreInotify, roomFor, usual, type Need } from './need.ts';
import { refusals, type EngineSite, type Refusal } from './refusal.ts';
import { manifest } from '../host/manifest.ts';
import { realRunner, type Runner } from '../host/run.ts';

/** One thing that has to be right before a run. */
export interface Check {
  readonly id: string;
  readonly title: string;
  /** `fail` keeps runs from working; `warn` may, or is fixed by the run itself. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** The command that fixes it. */
  readonly fix?: string;
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
  /** Whether this user may not speak to the engine. */
  readonly forbidden: boolean;
  /** Where the Docker client finds its engine. */
  readonly endpoint: string;
  readonly here: EngineSite['here'];
  readonly aptHost: boolean;
  /** Text of /proc/self/status. */
  readonly status: string | undefined;
  readonly dockerFreeBytes: number | undefined;
  readonly cacheFreeBytes: number | undefined;
  /** Memory that can be had without swapping. */
  readonly availableBytes: number;
  /** What each outage takes; empty where that is not known. */
  readonly needs: readonly Need[];
  readonly cpuCount: number;
  readonly inotify: Inotify | undefined;
  readonly openFiles: number | undefined;
  /** Whether bridged traffic passes iptables: /proc/sys/net/bridge/bridge-nf-call-iptables exists. */
  readonly bridgeNetfilter: boolean | undefined;
  /** What `go env GOVERSION` says. */
  readonly go: string | undefined;
  readonly kind: string | undefined;
  /** What would have to be done for the images. */
  readonly images: ImagePlan | undefined;
  readonly dockerUserChain: UserChain;
  /** Programs that runbooks call and that are not here. */
  readonly missingTools: readonly string[];
}

/** kind's documentation names these limits where nodes die of "too many open files". */
const openFilesNeeded = 4096;
const oldestNode = manifest.engines.node.replace('>=', '');

/** What each check is called. */
const titles = {
  cpu: 'Processors',
  go: 'Go toolchain',
  kind: 'kind',
  machine: 'Machine',
  'node-js': 'Node.js',
  docker: 'Docker',
  storage: 'Storage driver',
  runtime: 'Privileged containers',
  tools: 'Tools',
  disk: 'Disk',
  memory: 'Memory',
  inotify: 'inotify',
  'open-files': 'Open files',
  netfilter: 'Bridge netfilter',
  fence: 'Fence',
  images: 'Images',
  doctor: 'Doctor',
} as const;
type CheckId = keyof typeof titles;

/** The checks for these facts. Pure: it starts nothing and reads nothing. */
export function judge(facts: Facts): readonly Check[] {
  return [
    machine(facts),
    nodeJs(facts),
    ...dockerChecks(facts),
    tools(facts),
    disk(facts),
    memory(facts),
    facts.cpuCount >= 2
      ? ok('cpu', String(facts.cpuCount))
      : warn('cpu', 'only one; it will affect the times more than the outage does'),
    ...limits(facts),
    network(facts),
    fence(facts),
    facts.go === undefined
      ? warn('go', 'none; images and kind must be fetched, not built', 'install Go from https://go.dev/dl/')
      : ok('go', facts.go),
    facts.kind !== undefined && isKindVersion(facts.kind, versions.kind)
      ? ok('kind', versions.kind)
      : warn('kind', `${versions.kind} is not in the cache yet; the first run builds it in about half a minute`),
    imagesCheck(facts),
  ];
}

/** The check of what nothing can be run without; undefined when it refuses nothing. */
function refused(facts: Facts, id: Refusal['id']): Check | undefined {
  const {
    platform,
    arch: architecture,
    podman,
    forbidden,
    docker,
    bridgeNetfilter,
    missingTools,
    dockerUserChain: chain,
  } = facts;
  const refusal = refusals({
    ...{ platform, arch: architecture, podman, forbidden, bridgeNetfilter, missingTools },
    ...(docker === undefined ? {} : aboutEngine(docker, facts.endpoint, facts.here)),
    dockerUserChain: chain === 'absent' ? false : undefined,
  }).find((one) => one.id === id);
  return refusal === undefined ? undefined : fail(id, refusal.what, refusal.fix);
}

const machine = (facts: Facts): Check => refused(facts, 'machine') ?? ok('machine', `${facts.platform} ${facts.arch}`);

function nodeJs(facts: Facts): Check {
  const [[major = 0, minor = 0], [leastMajor = 0, leastMinor = 0]] = [
    facts.nodeVersion.replace(/^v/, '').split('.').map(Number),
    oldestNode.split('.').map(Number),
  ];
  return major > leastMajor || (major === leastMajor && minor >= leastMinor)
    ? ok('node-js', facts.nodeVersion)
    : fail('node-js', `${facts.nodeVersion} is older than ${oldestNode}`, `install Node.js ${oldestNode} or newer`);
}

function dockerChecks(facts: Facts): readonly Check[] {
  const no = refused(facts, 'docker');
  if (no !== undefined) return [no];
  const { docker } = facts;
  if (docker === undefined) {
    if (facts.endpoint !== localEndpoint) {
      return [fail('docker', `no Docker answers at ${facts.endpoint}`, toLocalEndpoint)];
    }
    if (facts.dockerInstalled) {
      return [
        facts.isRoot && facts.platform === 'linux'
          ? warn('docker', 'installed but stopped; the next run starts it')
          : fail('docker', 'its engine does not answer', 'sudo systemctl start docker'),
      ];
    }
    return [
      facts.isRoot && facts.aptHost
        ? warn('docker', 'missing; the next run installs docker.io with apt-get')
        : fail('docker', 'missing', 'install it: https://docs.docker.com/engine/install/'),
    ];
  }
  const checks = [ok('docker', `${docker.serverVersion}, ${docker.storageDriver}, cgroup v${docker.cgroupVersion}`)];
  if (!['overlay2', 'overlayfs', 'btrfs', 'zfs'].includes(docker.storageDriver)) {
    checks.push(warn('storage', `${docker.storageDriver} copies whole layers: nodes start slowly`));
  }
  if (!needsBoundedRuntime(facts.status)) checks.push(ok('runtime', 'no capability is withheld'));
  else if (docker.defaultRuntime === boundedRuntime) {
    checks.push(ok('runtime', 'CAP_SYS_RESOURCE is withheld; the bounded runtime is in place'));
  } else {
    checks.push(
      fail(
        'runtime',
        `CAP_SYS_RESOURCE is withheld here and the default runtime is ${docker.defaultRuntime}: nodes cannot start`,
        'stop the Docker engine; the next run starts it with the bounded runtime',
      ),
    );
  }
  return checks;
}

function tools(facts: Facts): Check {
  return refused(facts, 'tools') ?? ok('tools', 'all commands that runbooks use are installed');
}

function disk({ dockerFreeBytes, cacheFreeBytes, images }: Facts): Check {
  if (dockerFreeBytes === undefined && cacheFreeBytes === undefined) return warn('disk', 'cannot be checked from here');
  const found = [
    { where: "for Docker's data", free: dockerFreeBytes, run: diskForRun(usual) },
    { where: 'for the cache', free: cacheFreeBytes, run: cacheForRun },
  ].map(({ free = Infinity, ...rest }) => ({ free, ...rest }));
  const small = found.find(({ free, run }) => free < run);
  if (small !== undefined) {
    const { free, where, run } = small;
    return fail(
      'disk',
      `${gigabytes(free)} free ${where}; a run needs ${gigabytes(run)}`,
      'free some space: docker system df',
    );
  }
  const least = Math.min(...found.map(({ free }) => free));
  const building = images !== undefined && !images.ready && images.buildSteps > 0;
  return building && least < diskForBuild
    ? warn('disk', `${gigabytes(least)} free; building images needs ${gigabytes(diskForBuild)}`)
    : ok('disk', `${gigabytes(least)} free`);
}

/** Nothing can be run where there is too little for the smallest outage; a larger one may be refused all the same. */
function memory({ availableBytes, needs }: Facts): Check {
  const available = `${gibibytes(availableBytes)} available`;
  const sorted = [...needs].sort((a, b) => a.memoryBytes - b.memoryBytes);
  const tooLarge = sorted.filter(({ memoryBytes }) => roomFor(memoryBytes, availableBytes) < 1);
  const [least] = tooLarge;
  if (least === undefined) return ok('memory', available);
  if (tooLarge.length === needs.length)
    return fail(
      'memory',
      `${available}; the smallest outage needs ${gibibytes(least.memoryBytes)}`,
      'stop other programs, or give the machine more',
    );
  const names = tooLarge.map(({ what, memoryBytes }) => `${what} (${gibibytes(memoryBytes)})`).join(', ');
  return warn('memory', `${available}; too little for ${names}`);
}

function limits(facts: Facts): readonly Check[] {
  const { inotify, openFiles } = facts;
  const checks: Check[] = [];
  if (inotify !== undefined) {
    const free = `${inotify.limit - inotify.used} of root's ${inotify.limit} instances are free`;
    const room = inotifyRoomFor(usual.nodes, inotify);
    checks.push(
      room >= 2
        ? ok('inotify', free)
        : room === 1
          ? warn('inotify', `${free}: enough for one cluster at a time, so trials cannot overlap`, moreInotify)
          : fail('inotify', `${free}: too few for a cluster`, moreInotify),
    );
  }
  if (openFiles !== undefined) {
    checks.push(
      openFiles >= openFilesNeeded
        ? ok('open-files', String(openFiles))
        : warn('open-files', `at most ${openFiles}`, `ulimit -n ${openFilesNeeded}`),
    );
  }
  return checks;
}

function network(facts: Facts): Check {
  const no = refused(facts, 'netfilter');
  if (no !== undefined) return no;
  return facts.bridgeNetfilter === undefined
    ? warn('netfilter', 'cannot be checked from here')
    : ok('netfilter', 'bridged packets pass iptables');
}

function fence(facts: Facts): Check {
  const no = refused(facts, 'fence');
  if (no !== undefined) return no;
  return facts.dockerUserChain === 'there'
    ? ok('fence', "Docker's DOCKER-USER chain exists; cluster networks can be closed")
    : warn(
        'fence',
        "whether Docker's DOCKER-USER chain exists cannot be checked from here; the run checks it in a container",
      );
}

function imagesCheck(facts: Facts): Check {
  const { images } = facts;
  if (images === undefined) return warn('images', 'cannot be checked without Docker');
  if (images.ready) return ok('images', 'the node image and k6 are present');
  const pull = images.pullCount > 0 ? `pulls ${images.pullCount} (about ${Math.round(images.pullBytes / 1e6)} MB)` : '';
  const build =
    images.buildSteps > 0
      ? `builds from source (${images.buildSteps} steps, about ${humanDuration(images.buildMs)})`
      : '';
  const what = [pull, build].filter((s) => s !== '').join(', or where that fails ');
  return warn('images', `missing; the first run ${what === '' ? 'derives the node image' : what}`);
}

const ok = (id: CheckId, detail: string): Check => ({ id, title: titles[id], status: 'ok', detail });
const warn = (id: CheckId, detail: string, fix?: string): Check => ({
  ...{ id, title: titles[id], status: 'warn', detail },
  ...(fix === undefined ? {} : { fix }),
});
const fail = (id: CheckId, detail: string, fix: string): Check => ({
  id,
  title: titles[id],
  status: 'fail',
  detail,
  fix,
});

/** Looks at this machine. Read-only: asks Docker, reads /proc, starts nothing that stays. */
export async function collectFacts(
  needs: readonly Need[] = [],
  runner: Runner = realRunner,
  signal?: AbortSignal,
): Promise<Facts> {
  const { facts: docker, forbidden } = await findDocker(runner, signal);
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
    forbidden,
    endpoint: await dockerEndpoint(runner, signal),
    here: thisHost.here(),
    aptHost: (await version('apt-get', ['--version'])) !== undefined,
    status: await readFile('/proc/self/status', 'utf8').catch(() => undefined),
    dockerFreeBytes: docker === undefined ? undefined : await freeBytes(docker.rootDir),
    cacheFreeBytes: await freeWhere(cacheDir()),
    availableBytes: thisHost.availableBytes(),
    needs,
    cpuCount: cpus().length,
    inotify: await thisHost.inotify(),
    openFiles: limit === 'unlimited' ? Infinity : limit === undefined ? undefined : Number(limit),
    bridgeNetfilter: process.platform === 'linux' ? await thisHost.bridgeNetfilter() : undefined,
    go: await version('go', ['env', 'GOVERSION']),
    kind: await version(kind, ['version']),
    images: docker === undefined ? undefined : await imagePlan(runner, signal),
    dockerUserChain: docker === undefined ? undefined : await dockerUserChain(runner, signal),
    missingTools: await thisHost.missingTools(),
  };
}

async function imagePlan(runner: Runner, signal?: AbortSignal): Promise<ImagePlan | undefined> {
  try {
    return await planImages(runner, signal);
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

/** Free bytes for a folder that need not be there yet. */
async function freeWhere(dir: string): Promise<number | undefined> {
  const free = await freeBytes(dir);
  return free !== undefined || dirname(dir) === dir ? free : await freeWhere(dirname(dir));
}

/**
 * Everything that has to be right before a run, looked at now. Read-only.
 * Never rejects for something that is wrong: that is what the checks say. Rejects when `signal` is aborted.
 */
export async function preconditions(
  options: {
    /** What each outage takes. */
    readonly needs?: readonly Need[];
    readonly runner?: Runner;
    readonly signal?: AbortSignal;
  } = {},
): Promise<readonly Check[]> {
  try {
    return judge(await collectFacts(options.needs, options.runner, options.signal));
  } catch (error) {
    options.signal?.throwIfAborted();
    return [fail('doctor', `could not look: ${oneLine(error)}`, 'run it again with --verbose')];
  }
}

/** The checks as lines: a mark, the title, what was found, and what fixes it. */
export function describeChecks(checks: readonly Check[]): readonly string[] {
  const mark = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;
  const width = Math.max(0, ...checks.map((c) => c.title.length));
  return checks.flatMap((c) => [
    `${mark[c.status]}  ${c.title.padEnd(width)}  ${c.detail}`,
    ...(c.fix === undefined ? [] : [`${' '.repeat(width + 8)}fix: ${c.fix}`]),
  ]);
}
