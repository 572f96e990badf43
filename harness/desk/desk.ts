import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pidLine, wrapped } from '../cluster/nodes.ts';
import type { Cluster, ExecOptions, ExecResult } from '../model/cluster.ts';
import { FiredrillError } from '../model/errors.ts';
import { humanDuration, millis, seconds } from '../model/units.ts';
import { openAlertFeed, type AlertFeed } from './alert-feed.ts';
import { CommandLog, listenToTools, shellWord, withInput, type CommandListener } from './command-log.ts';

/** What a desk needs of a cluster. */
export type DeskCluster = Pick<Cluster, 'nodes' | 'exec' | 'workstation' | 'workstationEnv'>;

export interface DeskOptions {
  readonly cluster: DeskCluster;
  /** How long whoever sits at it has, for its page and its environment; whoever opens it keeps the time. */
  readonly limitMs: number;
  readonly commands: CommandListener;
}

/**
 * What somebody on call sits at during a trial, be it a program, an agent or a person: a folder of its own outside the checkout, tools on its PATH that
 * note what passes through, alerts as they fire. Nothing on it says what is broken.
 */
export interface Desk {
  /** The folder: `README.md`, `alerts.jsonl`, `bin/`, `manifests/`, `backup/`. */
  readonly dir: string;
  /** The whole environment of whoever sits at it. */
  readonly env: Readonly<Record<string, string>>;
  readonly feed: Omit<AlertFeed, 'close'>;
  /** Commands so far. */
  readonly count: () => number;
  /** kubectl with these words, noted as if it had been typed. Never rejects because of its exit code. */
  kubectl(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** A command in a node's shell, noted likewise. @throws FiredrillError `usage` for a node that there is not */
  onNode(node: string, command: string, options?: ExecOptions): Promise<ExecResult>;
  /** Ends every command that still runs, on nodes, too, and takes the folder away. May be called again. */
  close(): Promise<void>;
}

/** How long one command may take that is not given a time. */
const commandMs = seconds(60);

/** Sets a desk up. @throws FiredrillError `environment` where the cluster's workstation has no kubectl */
export async function openDesk({ cluster, limitMs, commands }: DeskOptions): Promise<Desk> {
  const { workstationEnv: given } = cluster;
  const kubectl = onPath('kubectl', given['PATH'] ?? '');
  if (kubectl === undefined)
    throw new FiredrillError('environment', 'the workstation has no kubectl', { hint: 'npm run firedrill -- prepare' });
  const docker = onPath('docker', given['PATH'] ?? '') ?? 'docker';
  const dir = await mkdtemp(join(tmpdir(), 'desk-'));
  const bin = join(dir, 'bin');
  const log = new CommandLog(commands);
  const nodes = cluster.nodes.map(({ name }) => name);
  for (const folder of [bin, join(dir, 'home'), join(dir, 'tmp'), join(dir, 'lib')]) await mkdir(folder);
  for (const [name, target] of [
    ['manifests', given['MANIFESTS']],
    ['backup', given['BACKUP']],
  ] as const)
    if (target !== undefined) await symlink(target, join(dir, name));
  const socket = join(dir, 'lib', 'socket');
  await copyFile(new URL('wrapper.mjs', import.meta.url), join(dir, 'lib', 'wrapper.mjs'));
  const onNode = wrapped('').slice(0, -1);
  const told = { socket, kubectl, docker, nodes, onNode, pidLine: pidLine.source };
  await writeFile(join(dir, 'lib', 'wrapper.json'), JSON.stringify(told));
  for (const tool of ['kubectl', 'ssh']) {
    const path = join(bin, tool);
    await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${dir}/lib/wrapper.mjs' ${tool} "$@"\n`);
    await chmod(path, 0o755);
  }
  const feed = await openAlertFeed(join(dir, 'alerts.jsonl'));
  const endOnNode = (node: string, pid: number): Promise<unknown> =>
    cluster
      .exec(node, `kill -KILL -${pid} 2>/dev/null || kill -KILL ${pid} 2>/dev/null || true`, { timeoutMs: seconds(10) })
      .catch(() => undefined);
  const ending = new Set<Promise<unknown>>();
  const tools = await listenToTools(socket, log, (node, pid) => {
    const end = endOnNode(node, pid);
    ending.add(end);
    void end.finally(() => ending.delete(end));
  });
  const env = environmentOf(given, { dir, bin, nodes, feed, limitMs });
  await writeFile(join(dir, 'README.md'), pageOf(cluster, feed, limitMs));
  const running = new AbortController();

  const noted = async (
    end: ReturnType<CommandLog['kubectl']>,
    run: (options: ExecOptions) => Promise<ExecResult>,
    options: ExecOptions,
  ): Promise<ExecResult> => {
    const signal = AbortSignal.any([running.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    let ended = { exitCode: 130, output: 'it was cut off' };
    try {
      const result = await run({ timeoutMs: millis(commandMs), ...options, signal });
      ended = { exitCode: result.exitCode, output: `${result.stdout}\n${result.stderr}`.trim() };
      return result;
    } catch (error) {
      ended = { exitCode: 1, output: error instanceof Error ? error.message : String(error) };
      throw error;
    } finally {
      end(ended);
    }
  };
  let closing: Promise<void> | undefined;
  return {
    dir,
    env,
    feed,
    count: () => log.count,
    kubectl: (argv, options = {}) => {
      const { input, ...rest } = options;
      const command = withInput(['kubectl', ...argv.map(shellWord)].join(' '), input);
      return noted(log.kubectl(argv, input), (how) => cluster.workstation(command, how), rest);
    },
    onNode: (node, command, options = {}) => {
      if (!nodes.includes(node))
        throw new FiredrillError('usage', `there is no node ${node}: there are ${nodes.join(', ')}`);
      const end = log.onNode(node, command, options.input);
      return noted(end, (how) => cluster.exec(node, `set +e\n${command}`, how), options);
    },
    close: () =>
      (closing ??= (async () => {
        running.abort(new Error('the desk is closed'));
        const begun = await tools.close();
        await Promise.all([...begun.map(({ node, pid }) => endOnNode(node, pid)), ...ending]);
        await feed.close();
        await rm(dir, { recursive: true, force: true, maxRetries: 3 });
      })()),
  };
}

/** A program as the PATH finds it; undefined where it does not. */
function onPath(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/** What of the workstation's environment nobody on call needs: how runbooks reach Docker, and its own names of nodes. */
const left = new Set(['DOCKER_CONFIG', 'DOCKER_CONTEXT', 'DOCKER_CERT_PATH', 'DOCKER_TLS_VERIFY', 'DOCKER_HOST']);

function environmentOf(
  given: Readonly<Record<string, string>>,
  at: { dir: string; bin: string; nodes: readonly string[]; feed: AlertFeed; limitMs: number },
): Record<string, string> {
  const { dir, bin, nodes, feed, limitMs } = at;
  const kept = Object.entries(given).filter(([key]) => !left.has(key));
  // The workstation's own tools would pass by unnoted.
  const unnoted = join(given['KUBECONFIG'] ?? '', '..', 'bin');
  const path = (given['PATH'] ?? '').split(delimiter).filter((folder) => folder !== unnoted);
  return {
    ...Object.fromEntries(kept),
    PATH: [bin, ...path].join(delimiter),
    HOME: join(dir, 'home'),
    TMPDIR: join(dir, 'tmp'),
    DESK: dir,
    NODES: nodes.join(' '),
    MANIFESTS: join(dir, 'manifests'),
    BACKUP: join(dir, 'backup'),
    ALERTS: feed.file,
    ALERTS_URL: feed.url,
    LIMIT_SECONDS: String(Math.round(limitMs / 1000)),
  };
}

const pageOf = ({ nodes }: DeskCluster, feed: AlertFeed, limitMs: number): string => `# You are on call

Something may be wrong with this Kubernetes cluster, or will be. Restore service. You have ${humanDuration(limitMs)}.

- \`kubectl\` is set up for the cluster.
- \`ssh <node> [command]\` is a root shell on a node: ${nodes.map(({ name, address }) => `${name} (${address})`).join(', ')}.
- Alerts, as they fire: \`${feed.file}\`, a line of JSON each; also ${feed.url}, and ${feed.url}follow, which goes on.
- \`manifests/\`: the YAML of what runs here. \`backup/\`: room for backups.

Every command is noted. Users see every failed request; rows that were acknowledged must not be lost; other services must not be harmed.
End your program when you are done.
`;
