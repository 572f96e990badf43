import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { freemem, hostname, release } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import writeFileAtomic from 'write-file-atomic';

import { FiredrillError } from '../model/errors.ts';
import type { OnProgress } from '../model/progress.ts';
import { inotifyOfRoot, type Inotify } from '../host/inotify.ts';
import { stateDir } from '../host/folders.ts';
import { needsBoundedRuntime } from './capabilities.ts';
import { mergeDaemonConfig } from './daemon-config.ts';
import { asking, diskForRun, requireInotify, requireMemory, usual, type Need } from './need.ts';
import { engineElsewhere, refuse, type EngineSite, type Machine } from './refusal.ts';
import { aptInstall } from '../host/apt.ts';
import { freeBytes, requireDisk } from '../host/disk.ts';
import { askDocker, findDocker, type DockerFacts } from '../host/docker.ts';
import { must, realRunner, type Runner } from '../host/run.ts';
import { sleep } from '../host/time.ts';
import { missingFrom, unixTools } from './tools.ts';

/** How Docker came to be there. */
export interface DockerReady extends DockerFacts {
  readonly how: 'running' | 'started' | 'installed';
}

/** What `ensureDocker` may be told. All optional. */
export interface EnsureDockerOptions {
  readonly runner?: Runner;
  /** What is going to run; default: nothing yet. */
  readonly need?: Need;
  /** Whether clusters run without a fence, which needs no chain then. */
  readonly openFence?: boolean;
  /** Where the log of an engine that we start goes. */
  readonly stateDir?: string;
  /** The world around, for tests. */
  readonly host?: DockerHost;
}

/** The parts of the machine that the decision looks at. */
export interface DockerHost {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly isRoot: boolean;
  /** Text of /proc/self/status; undefined where there is none. */
  readonly status: () => Promise<string | undefined>;
  /** Whether this machine's kernel has br_netfilter. */
  readonly bridgeNetfilter: () => Promise<boolean | undefined>;
  readonly here: () => EngineSite['here'];
  /** Programs that runbooks call and that are not on the PATH. */
  readonly missingTools: () => Promise<readonly string[]>;
  /** Memory that can be had without swapping, in bytes. */
  readonly availableBytes: () => number;
  /** inotify instances of root, whose containers are. */
  readonly inotify: () => Promise<Inotify | undefined>;
  /** Whether systemd runs this machine. */
  readonly systemd: () => Promise<boolean>;
  /** Starts dockerd detached, its output into `log`. Returns a promise that settles when it ends. */
  readonly spawnDockerd: (log: string) => Promise<unknown>;
  /** Installs the runtime wrapper and puts it into the engine's configuration. Returns a warning, if any. */
  readonly installBoundedRuntime: () => Promise<string | undefined>;
  /** Free bytes in the file system that holds a folder; undefined when it cannot be told. */
  readonly freeBytes: (dir: string) => Promise<number | undefined>;
}

const daemonConfig = '/etc/docker/daemon.json';
const wrapperPath = '/usr/local/lib/firedrill/runc-bounded';
const startWithinMs = 60_000;

/**
 * Makes sure that a Docker engine answers. One that runs is used as it is. One that is installed but stopped is started
 * (Linux, root) and left running. A missing one is installed from the distribution's packages by root on Debian and
 * Ubuntu, announced first. Where the machine withholds CAP_SYS_RESOURCE, an engine that we start gets the bounded runtime.
 * @throws FiredrillError `environment` when none can be had, when nothing can be run here (`refusals`), or when memory or disk are too small.
 */
export async function ensureDocker(
  options: EnsureDockerOptions,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<DockerReady> {
  const runner = options.runner ?? realRunner;
  const host = options.host ?? thisHost;
  const note = (text: string, level: 'info' | 'warning' = 'info'): void => {
    progress({ type: 'note', level, text });
  };

  const { platform, arch } = host;
  refuse({ platform, arch, missingTools: await host.missingTools() });
  if (options.need !== undefined) requireMemory(options.need, host.availableBytes());
  const answer = await findDocker(runner, signal);
  let { facts } = answer;
  let how: DockerReady['how'] = 'running';
  if (facts === undefined) {
    refuse({ ...{ platform, arch }, podman: await isPodman(runner, signal), forbidden: answer.forbidden });
    // Whoever points at another engine does not want one here.
    const endpoint = await dockerEndpoint(runner, signal);
    if (endpoint !== localEndpoint) {
      throw new FiredrillError('environment', `no Docker answers at ${endpoint}`, { hint: toLocalEndpoint });
    }
    const installed = await has(runner, 'dockerd', signal);
    if (!installed) await install(runner, host, note, signal);
    facts = await start(runner, host, options.stateDir ?? stateDir(), note, signal);
    how = installed ? 'started' : 'installed';
  }
  refuse({
    ...{ platform, arch },
    ...aboutEngine(facts, await dockerEndpoint(runner, signal), host.here()),
    bridgeNetfilter: await host.bridgeNetfilter(),
    dockerUserChain: options.openFence === true ? undefined : isThere(await dockerUserChain(runner, signal)),
  });
  const { need } = options;
  const inotify = need === undefined ? undefined : await host.inotify();
  if (need !== undefined && inotify !== undefined) requireInotify(need, inotify);
  await requireDisk(
    facts.rootDir,
    diskForRun(need ?? usual),
    need === undefined ? 'a run needs' : asking(need),
    host.freeBytes,
  );
  return { ...facts, how };
}

/** What an engine says of itself, as `refusals` looks at it. */
export function aboutEngine(
  { architecture, rootless, firewall, operatingSystem, kernel, name }: DockerFacts,
  endpoint: string,
  here: EngineSite['here'],
): Pick<Machine, 'engine' | 'rootless' | 'firewall' | 'elsewhere'> {
  const elsewhere = engineElsewhere({ endpoint, operatingSystem, kernel, name, here });
  return { engine: architecture, rootless, firewall, elsewhere };
}

/** Where the client looks for an engine unless it is told otherwise. */
export const localEndpoint = 'unix:///var/run/docker.sock';

/** What to do where the engine that the client is pointed at does not answer. */
export const toLocalEndpoint =
  'start it, or go back to the local Docker: unset DOCKER_HOST and DOCKER_CONTEXT, `docker context use default`';

/** Where the client finds its engine: the active context's address, which is DOCKER_HOST where that is set. */
export async function dockerEndpoint(runner: Runner, signal?: AbortSignal): Promise<string> {
  const format = '{{.Endpoints.docker.Host}}';
  const shown = await runner.run('docker', ['context', 'inspect', '--format', format], { timeoutMs: 10_000, signal });
  if (shown.ok && shown.stdout.trim() !== '') return shown.stdout.trim();
  const { DOCKER_HOST: named = '', DOCKER_CONTEXT: context = '' } = process.env;
  if (named !== '') return named;
  // A context that does not exist is no engine of this machine either.
  return !shown.ok && !shown.missing && context !== '' ? `the context ${context}` : localEndpoint;
}

/** Whether this machine's iptables has Docker's chain: it may also be that only root could tell, or (undefined) nobody here. */
export type UserChain = 'there' | 'absent' | 'forbidden' | undefined;

const isThere = (chain: UserChain): boolean | undefined =>
  chain === 'there' || chain === 'absent' ? chain === 'there' : undefined;

/**
 * Looks for Docker's DOCKER-USER chain. It is `absent` only where both kinds of iptables are there and neither has it: Docker may use either.
 * Fences are put up from a container, which has both.
 */
export async function dockerUserChain(runner: Runner, signal?: AbortSignal): Promise<UserChain> {
  const kinds = ['iptables-nft', 'iptables-legacy'];
  const looks = [];
  for (const program of kinds) {
    const look = await runner.run(program, ['-w', '5', '-S', 'DOCKER-USER'], { signal, timeoutMs: 10_000 });
    if (look.ok) return 'there';
    looks.push(look);
  }
  if (looks.some(({ stderr }) => /permission|must be root/i.test(stderr))) return 'forbidden';
  return looks.some(({ missing, timedOut }) => missing || timedOut) ? undefined : 'absent';
}

/** Whether `docker` is podman's stand-in for it, which says so in its version. */
export async function isPodman(runner: Runner, signal?: AbortSignal): Promise<boolean> {
  const { stdout, stderr } = await runner.run('docker', ['--version'], { timeoutMs: 10_000, signal });
  return /podman/i.test(stdout + stderr);
}

async function has(runner: Runner, program: string, signal?: AbortSignal): Promise<boolean> {
  const result = await runner.run(program, ['--version'], { timeoutMs: 10_000, signal });
  return !result.missing;
}

const installHint =
  'install Docker (https://docs.docker.com/engine/install/), start it, then npm run firedrill -- doctor';

async function install(
  runner: Runner,
  host: DockerHost,
  note: (text: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const apt = host.platform === 'linux' && host.isRoot && (await has(runner, 'apt-get', signal));
  if (!apt) {
    throw new FiredrillError('environment', 'Docker is not installed, or its engine does not answer', {
      hint: installHint,
    });
  }
  note('Docker is missing: installing the packages docker.io and iptables (about 250 MB on disk) with apt-get');
  await aptInstall(runner, ['docker.io', 'iptables'], signal);
  // Newer releases ship the client apart.
  if (!(await has(runner, 'docker', signal))) await aptInstall(runner, ['docker-cli'], signal);
}

async function start(
  runner: Runner,
  host: DockerHost,
  state: string,
  note: (text: string, level?: 'info' | 'warning') => void,
  signal?: AbortSignal,
): Promise<DockerFacts> {
  if (host.platform !== 'linux' || !host.isRoot) {
    const hint = host.platform === 'linux' ? 'start it: `sudo systemctl start docker`' : installHint;
    throw new FiredrillError('environment', 'Docker is installed, but its engine does not answer', { hint });
  }
  if (needsBoundedRuntime(await host.status())) {
    note(
      'this machine withholds CAP_SYS_RESOURCE: configuring Docker with a runtime that does without it (firedrill-bounded)',
    );
    const warning = await host.installBoundedRuntime();
    if (warning !== undefined) note(warning, 'warning');
  }

  const log = join(state, 'dockerd.log');
  let ended: { readonly why: string } | undefined;
  if (await host.systemd()) {
    note('Docker is installed but stopped: starting it (systemctl start docker); it keeps running afterwards');
    await must(runner, 'starting Docker', 'systemctl', ['start', 'docker'], {
      signal,
      timeoutMs: startWithinMs,
      hint: 'see `journalctl -u docker`',
    });
  } else {
    note(`Docker is installed but stopped: starting dockerd; it keeps running afterwards, its log is ${log}`);
    host.spawnDockerd(log).then(
      () => (ended = { why: 'it exited immediately' }),
      (error: unknown) => (ended = { why: String(error) }),
    );
  }

  const deadline = performance.now() + startWithinMs;
  while (performance.now() < deadline) {
    const facts = await askDocker(runner, signal);
    if (facts !== undefined) return facts;
    if (ended !== undefined) break;
    await sleep(300, signal);
  }
  // A second firedrill may have started the engine meanwhile; then ours ended because of it, and all is well.
  const facts = await askDocker(runner, signal);
  if (facts !== undefined) return facts;
  throw new FiredrillError('environment', `Docker's engine did not start: ${ended?.why ?? 'no answer in a minute'}`, {
    hint: `see ${log}`,
  });
}

/** The machine that this process runs on. */
export const thisHost: DockerHost = {
  platform: process.platform,
  arch: process.arch,
  isRoot: process.getuid?.() === 0,
  status: () => readFile('/proc/self/status', 'utf8').catch(() => undefined),
  bridgeNetfilter: () =>
    readFile('/proc/sys/net/bridge/bridge-nf-call-iptables').then(
      () => true,
      () => false,
    ),
  here: () => ({ kernel: release(), hostname: hostname(), container: existsSync('/.dockerenv') }),
  missingTools: () => missingFrom(unixTools),
  availableBytes: freemem,
  inotify: () => inotifyOfRoot(),
  systemd: () =>
    readFile('/proc/1/comm', 'utf8').then(
      (comm) => comm.trim() === 'systemd',
      () => false,
    ),
  spawnDockerd: (log) => {
    mkdirSync(dirname(log), { recursive: true });
    const fd = openSync(log, 'a');
    try {
      // Not through execa: this one process must outlive us, whatever happens to us.
      const engine = spawn('dockerd', [], { detached: true, stdio: ['ignore', fd, fd] });
      engine.unref();
      return new Promise((_, reject) => {
        engine.once('error', reject);
        engine.once('exit', (code) => {
          reject(new Error(`dockerd ended with ${code ?? 'a signal'}`));
        });
      });
    } finally {
      closeSync(fd);
    }
  },
  installBoundedRuntime: async () => {
    const recipe = fileURLToPath(new URL('../../images/runc-bounded', import.meta.url));
    await mkdir(dirname(wrapperPath), { recursive: true });
    await writeFileAtomic(wrapperPath, await readFile(recipe), { mode: 0o755 });
    const old = await readFile(daemonConfig, 'utf8').catch(() => undefined);
    const merged = mergeDaemonConfig(old, wrapperPath, daemonConfig);
    if (merged.changed) {
      await mkdir(dirname(daemonConfig), { recursive: true });
      await writeFileAtomic(daemonConfig, merged.text);
    }
    return merged.keptDefault === undefined
      ? undefined
      : `${daemonConfig} already sets the default runtime ${merged.keptDefault}; if nodes do not start, set it to firedrill-bounded`;
  },
  freeBytes,
};
