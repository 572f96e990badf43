import { readFile } from 'node:fs/promises';

import { FiredrillError } from '../model/errors.ts';
import type { OnProgress } from '../model/progress.ts';
import { machineArchitecture, type Architecture } from '../host/architecture.ts';
import { aptInstall } from '../host/apt.ts';
import { because, must, type Runner } from '../host/run.ts';

/** The `go` line of a go.mod, as [major, minor]. */
export function goDirective(goMod: string): readonly [number, number] {
  const found = /^go (\d+)\.(\d+)/m.exec(goMod);
  return [Number(found?.[1] ?? 1), Number(found?.[2] ?? 0)];
}

/** The version that `go env GOVERSION` prints (`go1.26.8`), as [major, minor]; undefined when it is not one. */
export function goVersion(text: string): readonly [number, number] | undefined {
  const found = /go(\d+)\.(\d+)/.exec(text);
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}

/** Whether a Go toolchain is new enough for a go.mod. */
export function atLeast(have: readonly [number, number], want: readonly [number, number]): boolean {
  return have[0] > want[0] || (have[0] === want[0] && have[1] >= want[1]);
}

/** The newest Go that any of these go.mod files asks for. */
export async function goNeeded(goMods: readonly string[]): Promise<readonly [number, number]> {
  let newest: readonly [number, number] = [1, 0];
  for (const file of goMods) {
    const wants = goDirective(await readFile(file, 'utf8'));
    if (!atLeast(newest, wants)) newest = wants;
  }
  return newest;
}

/**
 * Checks the Go toolchain.
 * @throws FiredrillError `environment` when it is missing, or too old and not allowed to fetch a newer one (GOTOOLCHAIN).
 */
export async function checkGo(runner: Runner, want: readonly [number, number], signal?: AbortSignal): Promise<void> {
  const wanted = want.join('.');
  const hint = `install Go ${wanted} or newer from https://go.dev/dl/, or let images be pulled (FIREDRILL_REGISTRY names a mirror)`;
  const found = await runner.run('go', ['env', 'GOVERSION', 'GOTOOLCHAIN'], { timeoutMs: 60_000, signal });
  if (!found.ok)
    throw new FiredrillError('environment', `building images needs Go ${wanted}, which is not installed`, { hint });
  const [version = '', toolchain = ''] = found.stdout.trim().split('\n');
  const have = goVersion(version);
  const mayFetch = toolchain !== 'local' && !toolchain.startsWith('go');
  if (have !== undefined && !atLeast(have, want) && !mayFetch) {
    throw new FiredrillError('environment', `building images needs Go ${wanted}; found ${version}`, { hint });
  }
}

/** How GNU tools call an architecture. */
const triplets: Readonly<Record<Architecture, string>> = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** The C compiler for an architecture: the machine's own, or Debian's cross compiler. */
export const compilerFor = (target: Architecture, own = machineArchitecture()): string =>
  target === own ? 'gcc' : `${triplets[target]}-gcc`;

/** What Go is told: nothing of it is left to the user's environment or to what their Go was made for. */
export function goEnv(
  target: Architecture,
  cgo: boolean,
  own = machineArchitecture(),
): Readonly<Record<string, string>> {
  const env = { CGO_ENABLED: cgo ? '1' : '0', GOWORK: 'off', GOOS: 'linux', GOARCH: target };
  if (!cgo || target === own) return env;
  return { ...env, CC: compilerFor(target, own), PKG_CONFIG_LIBDIR: `/usr/lib/${triplets[target]}/pkgconfig` };
}

/** A program that a build calls for, and the Debian packages that bring it. */
interface Tool {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly packages: readonly string[];
}

/** The steps that call a C compiler. */
const compilesC = ['c-pause', 'go-flannel', 'go-containerd', 'go-runc', 'go-k3s'];

/** What these steps call for. */
export function toolsOf(steps: readonly string[], target: Architecture, own = machineArchitecture()): readonly Tool[] {
  const cross = target !== own;
  const gcc = cross ? [`gcc-${triplets[target].replace('_', '-')}`, `libc6-dev-${target}-cross`] : ['gcc', 'libc6-dev'];
  const seccomp = cross ? `libseccomp-dev:${target}` : 'libseccomp-dev';
  const tools: readonly (Tool & { readonly for: (step: string) => boolean })[] = [
    {
      program: compilerFor(target, own),
      args: ['--version'],
      packages: gcc,
      for: (step) => compilesC.includes(step),
    },
    {
      program: 'pkg-config',
      args: ['--exists', 'libseccomp'],
      env: goEnv(target, true, own),
      packages: ['pkg-config', seccomp],
      for: (step) => step === 'go-runc',
    },
    {
      program: 'mmdebstrap',
      args: ['--version'],
      packages: ['mmdebstrap', 'debian-archive-keyring'],
      for: (step) => step.startsWith('root-'),
    },
  ];
  return tools.filter((tool) => steps.some((step) => tool.for(step)));
}

/**
 * Makes sure that what these steps call for is there: a C compiler, mmdebstrap; root on Debian and Ubuntu gets it installed, announced first.
 * @param steps the ids of what is to be built
 * @throws FiredrillError `environment` elsewhere.
 */
export async function ensureBuildTools(
  runner: Runner,
  steps: readonly string[],
  target: Architecture,
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<void> {
  const missing: string[] = [];
  for (const { program, args, env, packages } of toolsOf(steps, target)) {
    const found = await runner.run(program, args, {
      timeoutMs: 20_000,
      signal,
      ...(env === undefined ? {} : { env }),
    });
    if (!found.ok) missing.push(...packages);
  }
  if (process.platform !== 'linux') {
    throw new FiredrillError('environment', 'images can be built on Linux only', {
      hint: 'pull them: `--images pull`, or FIREDRILL_REGISTRY=<your mirror>',
    });
  }
  if (missing.length === 0) return;
  // Another architecture's libraries come only where apt knows that architecture: that is the user's to decide.
  const foreign = missing.some((name) => name.endsWith(`:${target}`));
  const first = foreign ? `dpkg --add-architecture ${target} && apt-get update && ` : '';
  const hint = `install them: \`${first}apt-get install ${missing.join(' ')}\``;
  const apt = await runner.run('apt-get', ['--version'], { timeoutMs: 20_000, signal });
  if (foreign || apt.missing || process.getuid?.() !== 0) {
    throw new FiredrillError('environment', `building images needs ${missing.join(', ')}`, { hint });
  }
  progress({
    type: 'note',
    level: 'info',
    text: `building images needs ${missing.join(', ')}: installing with apt-get`,
  });
  await aptInstall(runner, missing, signal);
}

/**
 * Whether this client builds with BuildKit; the old builder stays the fallback where buildx is not installed. An image is one manifest either way:
 * an index can be put over it.
 */
export async function builderEnv(runner: Runner, signal?: AbortSignal): Promise<Readonly<Record<string, string>>> {
  const buildx = await runner.run('docker', ['buildx', 'version'], { timeoutMs: 20_000, signal });
  return buildx.ok ? { BUILDX_NO_DEFAULT_ATTESTATIONS: '1' } : { DOCKER_BUILDKIT: '0' };
}

/** A line of `go build -v` that names a package which is compiled now, as against one that says something. */
const packageLine = /^[\w.~/-]+$/;

/**
 * Compiles Go programs, saying how many of their packages are done: Go itself says nothing for minutes.
 * @throws FiredrillError `environment` with the compiler's last words
 */
export async function compile(
  runner: Pick<Runner, 'run'>,
  of: {
    readonly name: string;
    readonly cwd: string;
    /** `build` and its flags. */
    readonly args: readonly string[];
    readonly architecture: Architecture;
    readonly cgo: boolean;
    readonly packages: readonly string[];
    /** Folder for the programs. */
    readonly out: string;
  },
  step: { readonly signal?: AbortSignal | undefined; say(what: string): void },
): Promise<void> {
  const options = {
    cwd: of.cwd,
    env: goEnv(of.architecture, of.cgo),
    signal: step.signal,
  };
  // Fetches the sources, too. Where it fails, the build says better why.
  const listed = await runner.run('go', ['list', '-deps', ...of.packages], {
    ...options,
    onLine: (line) => {
      if (!packageLine.test(line)) step.say(line.slice(0, 120));
    },
  });
  const all = listed.stdout.split('\n').filter((line) => packageLine.test(line)).length;
  let compiled = 0;
  const built = await runner.run('go', [...of.args, '-v', '-o', `${of.out}/`, ...of.packages], {
    ...options,
    onLine: (line) => {
      if (packageLine.test(line)) compiled++;
      step.say(packageLine.test(line) ? `compiling package ${compiled} of at most ${all}` : line.slice(0, 120));
    },
  });
  if (built.ok) return;
  const said = (text: string): string =>
    text
      .split('\n')
      .filter((line) => !packageLine.test(line))
      .join('\n');
  throw new FiredrillError(
    'environment',
    `building ${of.name} failed: ${because('go', { ...built, stdout: said(built.stdout), stderr: said(built.stderr) })}`,
    { hint: `to reproduce: (cd images/${of.name} && go ${of.args[0] ?? ''} ${of.packages[0] ?? ''})` },
  );
}

/** The folder of a Go module's sources, fetched if need be. */
export async function moduleDir(runner: Runner, cwd: string, module: string, signal?: AbortSignal): Promise<string> {
  await must(runner, `fetching ${module}`, 'go', ['mod', 'download', module], { cwd, env: { GOWORK: 'off' }, signal });
  const dir = await must(runner, `finding ${module}`, 'go', ['list', '-m', '-f', '{{.Dir}}', module], {
    cwd,
    env: { GOWORK: 'off' },
    signal,
  });
  return dir.trim();
}
