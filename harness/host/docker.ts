import type { Runner } from './run.ts';

/** What is known of a Docker engine that answers. */
export interface DockerFacts {
  readonly serverVersion: string;
  readonly storageDriver: string;
  readonly cgroupVersion: string;
  readonly defaultRuntime: string;
  /** Where the engine keeps its data, on the machine it runs on (which may be a virtual machine). */
  readonly rootDir: string;
  readonly rootless: boolean;
  /** The engine's architecture, as the kernel names it; '' where it does not say. */
  readonly architecture: string;
  readonly operatingSystem: string;
  /** The release of the kernel that it runs on. */
  readonly kernel: string;
  /** The host name of the machine that it runs on. */
  readonly name: string;
  /** What it makes its firewall rules with; '' where it does not say (before API 1.49). */
  readonly firewall: string;
}

/** What became of asking for an engine. */
export interface DockerAnswer {
  /** Undefined when none answered. */
  readonly facts: DockerFacts | undefined;
  /** Whether it would have answered if this user had the right. */
  readonly forbidden: boolean;
}

/** Asks the engine what it is, or finds out that this user may not. */
export async function findDocker(runner: Runner, signal?: AbortSignal): Promise<DockerAnswer> {
  const { ok, stdout, stderr } = await runner.run('docker', ['info', '--format', '{{json .}}'], {
    timeoutMs: 20_000,
    signal,
  });
  return { facts: ok ? parseDockerInfo(stdout) : undefined, forbidden: !ok && /permission denied/i.test(stderr) };
}

/** Asks the engine what it is; undefined when none answers. */
export const askDocker = async (runner: Runner, signal?: AbortSignal): Promise<DockerFacts | undefined> =>
  (await findDocker(runner, signal)).facts;

/** Reads `docker info --format '{{json .}}'`; undefined when the client answered but no engine did. */
export function parseDockerInfo(text: string): DockerFacts | undefined {
  let info: Record<string, unknown>;
  try {
    info = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const word = (key: string): string => (typeof info[key] === 'string' ? info[key] : '');
  const serverVersion = word('ServerVersion');
  if (serverVersion === '') return undefined;
  return {
    serverVersion,
    storageDriver: word('Driver'),
    cgroupVersion: word('CgroupVersion') === '' ? '1' : word('CgroupVersion'),
    defaultRuntime: word('DefaultRuntime'),
    rootDir: word('DockerRootDir'),
    architecture: word('Architecture'),
    operatingSystem: word('OperatingSystem'),
    kernel: word('KernelVersion'),
    name: word('Name'),
    firewall: (info['FirewallBackend'] as { Driver?: string } | null | undefined)?.Driver ?? '',
    rootless: JSON.stringify(info['SecurityOptions'] ?? []).includes('rootless'),
  };
}
