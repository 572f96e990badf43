import { readFile } from 'node:fs/promises';

import { FiredrillError } from '../model/errors.ts';
import type { OnProgress } from '../model/progress.ts';
import { aptInstall } from '../setup/docker.ts';
import { because, must, type Runner } from '../setup/run.ts';

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
    throw new FiredrillError('environment', `building images needs Go ${wanted}, and there is none`, { hint });
  const [version = '', toolchain = ''] = found.stdout.trim().split('\n');
  const have = goVersion(version);
  const mayFetch = toolchain !== 'local' && !toolchain.startsWith('go');
  if (have !== undefined && !atLeast(have, want) && !mayFetch) {
    throw new FiredrillError('environment', `building images needs Go ${wanted}; this is ${version}`, { hint });
  }
}

/** What a build calls for, and the Debian packages that bring it; `only` for one step. */
const tools: readonly {
  readonly program: string;
  readonly args: readonly string[];
  readonly packages: readonly string[];
  readonly only?: string;
}[] = [
  { program: 'gcc', args: ['--version'], packages: ['gcc', 'libc6-dev'] },
  {
    program: 'pkg-config',
    args: ['--exists', 'libseccomp'],
    packages: ['pkg-config', 'libseccomp-dev'],
    only: 'go-runc',
  },
  { program: 'mmdebstrap', args: ['--version'], packages: ['mmdebstrap', 'debian-archive-keyring'] },
];

/**
 * Makes sure that the C compiler, mmdebstrap and what single steps need are there; root on Debian and Ubuntu gets them installed, announced first.
 * @param steps the ids of what is to be built
 * @throws FiredrillError `environment` elsewhere.
 */
export async function ensureBuildTools(
  runner: Runner,
  steps: readonly string[],
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<void> {
  const missing: string[] = [];
  for (const { program, args, packages, only } of tools) {
    if (only !== undefined && !steps.includes(only)) continue;
    const found = await runner.run(program, args, { timeoutMs: 20_000, signal });
    if (!found.ok) missing.push(...packages);
  }
  if (process.platform !== 'linux') {
    throw new FiredrillError('environment', 'images can be built on Linux only', {
      hint: 'let them be pulled: `--images pull`, or FIREDRILL_REGISTRY=<your mirror>',
    });
  }
  if (missing.length === 0) return;
  const hint = `install them: \`apt-get install ${missing.join(' ')}\``;
  const apt = await runner.run('apt-get', ['--version'], { timeoutMs: 20_000, signal });
  if (apt.missing || process.getuid?.() !== 0) {
    throw new FiredrillError('environment', `building images needs ${missing.join(', ')}`, { hint });
  }
  progress({
    type: 'note',
    level: 'info',
    text: `building images needs ${missing.join(', ')}: installing with apt-get`,
  });
  await aptInstall(runner, missing, signal);
}

/** Whether this client builds with BuildKit; the old builder stays the fallback where buildx is not installed. */
export async function builderEnv(runner: Runner, signal?: AbortSignal): Promise<Readonly<Record<string, string>>> {
  const buildx = await runner.run('docker', ['buildx', 'version'], { timeoutMs: 20_000, signal });
  return buildx.ok ? {} : { DOCKER_BUILDKIT: '0' };
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
    readonly cgo: boolean;
    readonly packages: readonly string[];
    /** Folder for the programs. */
    readonly out: string;
  },
  step: { readonly signal?: AbortSignal | undefined; say(what: string): void },
): Promise<void> {
  const options = {
    cwd: of.cwd,
    env: { CGO_ENABLED: of.cgo ? '1' : '0', GOWORK: 'off', GOOS: 'linux' },
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
    { hint: `see it alone: (cd images/${of.name} && go ${of.args[0] ?? ''} ${of.packages[0] ?? ''})` },
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
