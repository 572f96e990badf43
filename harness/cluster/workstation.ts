import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { ExecOptions, ExecResult, NodeInfo } from '../model/cluster.ts';
import { runProcess, type RunProcess } from './process.ts';
import { shellScript } from './shell.ts';

/** The engineer's own computer in a drill: a folder with tools, credentials, the repository and room for a back-up. */
export interface Workstation {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  run(command: string, options?: ExecOptions): Promise<ExecResult>;
}

/** Folders of a workstation under its work folder. */
export const workstationPaths = (workDir: string) =>
  ({
    bin: join(workDir, 'bin'),
    home: join(workDir, 'home'),
    tmp: join(workDir, 'tmp'),
    backup: join(workDir, 'backup'),
    kubeconfig: join(workDir, 'kubeconfig'),
  }) as const;

/**
 * The whole environment of a workstation command. Nothing of the user's own: no KUBECONFIG, no HOME with a ~/.kube, no
 * proxies; only the PATH is kept behind ours, and how to reach Docker, which the nodes' `ssh` needs.
 */
export function workstationEnv(
  options: {
    readonly workDir: string;
    readonly manifests: string;
    readonly packages: string | undefined;
    readonly nodes: readonly Pick<NodeInfo, 'name' | 'role'>[];
  },
  outer: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const paths = workstationPaths(options.workDir);
  const names = (role?: NodeInfo['role']): string =>
    options.nodes
      .filter((node) => role === undefined || node.role === role)
      .map((node) => node.name)
      .join(' ');
  const env: Record<string, string> = {
    PATH: [paths.bin, outer['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(':'),
    HOME: paths.home,
    TMPDIR: paths.tmp,
    LANG: 'C.UTF-8',
    KUBECONFIG: paths.kubeconfig,
    MANIFESTS: options.manifests,
    BACKUP: paths.backup,
    ...(options.packages === undefined ? {} : { PACKAGES: options.packages }),
    NODES: names(),
    WORKERS: names('worker'),
    CONTROL_PLANE: names('control-plane'),
    DOCKER_CONFIG: outer['DOCKER_CONFIG'] ?? join(outer['HOME'] ?? homedir(), '.docker'),
  };
  for (const key of ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CERT_PATH', 'DOCKER_TLS_VERIFY']) {
    const value = outer[key];
    if (value !== undefined) env[key] = value;
  }
  return env;
}

/** Makes the folders and tools. Binaries given as bare names are expected on the PATH already. */
export async function createWorkstation(
  options: {
    readonly workDir: string;
    readonly manifests: string;
    readonly packages: string | undefined;
    readonly nodes: readonly Pick<NodeInfo, 'name' | 'role'>[];
    readonly tools: Readonly<Record<string, string>>;
  },
  run: RunProcess = runProcess,
): Promise<Workstation> {
  const paths = workstationPaths(options.workDir);
  for (const dir of [paths.bin, paths.home, paths.tmp, paths.backup]) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
  }
  // `ssh node command`, as a person would type it, reaching only this cluster's nodes and by `docker exec`.
  await writeFile(join(paths.bin, 'ssh'), shellScript('ssh.sh'));
  await chmod(join(paths.bin, 'ssh'), 0o755);
  for (const [name, path] of Object.entries(options.tools)) {
    if (!isAbsolute(path)) continue;
    const link = join(paths.bin, name);
    // A cluster that is made because its snapshot was of no use has the same folder.
    await rm(link, { force: true });
    await symlink(path, link);
  }
  const env = workstationEnv(options);
  return {
    dir: options.workDir,
    env,
    run: (command, given = {}) =>
      run('sh', ['-ec', command], {
        ...(given.timeoutMs === undefined ? {} : { timeoutMs: given.timeoutMs }),
        ...(given.signal === undefined ? {} : { signal: given.signal }),
        ...(given.input === undefined ? {} : { input: given.input }),
        env,
        cwd: options.workDir,
        group: 'whole',
      }),
  };
}
