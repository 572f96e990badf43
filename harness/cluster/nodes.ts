import { createInterface } from 'node:readline';
import { execa } from 'execa';
import type { ExecOptions, ExecResult, NodeStream } from '../model/cluster.ts';
import { oneLine } from '../model/errors.ts';
import { runProcess, type RunProcess } from './process.ts';
import { Queue } from './queue.ts';

/**
 * The first line of stderr that our wrapper prints: the command's process id inside the node. The docker client can be
 * killed at any time, but what it started in the node lives on; by this number it can be ended.
 */
export const pidLine = /^firedrill-pid:(\d+)\r?\n/;

/**
 * Leaves the node's root control group, where a command goes on cgroup v2 before systemd has handed controllers down. What is there when systemd begins
 * is taken along by it; what comes in the moment after, as a shell for looks may in a node that starts itself again, would stay, and as
 * long as it does the kubelet refuses to start (docs/decisions.md). On cgroup v1, and in a node that is up, nothing is done.
 */
const leaveRootGroup = [
  'read -r group < /proc/self/cgroup',
  'if [ "$group" = 0::/ ]; then { mkdir -p /sys/fs/cgroup/firedrill && echo "$$" > /sys/fs/cgroup/firedrill/cgroup.procs; } 2>/dev/null; fi',
].join('; ');

/**
 * `sh -ec command`, telling its process id first. A process started by `docker exec` leads a session and a group of its own,
 * so that the number is the group's, too, and its children end with it.
 */
export const wrapped = (command: string): readonly string[] => [
  'sh',
  '-c',
  `echo "firedrill-pid:$$" >&2; ${leaveRootGroup}; exec sh -ec "$1"`,
  'sh',
  command,
];

/** Takes the wrapper's line off; `pid` is undefined when the command never started. */
export function splitPid(stderr: string): { readonly pid: number | undefined; readonly rest: string } {
  const match = pidLine.exec(stderr);
  return match ? { pid: Number(match[1]), rest: stderr.slice(match[0].length) } : { pid: undefined, rest: stderr };
}

const killGroup = async (run: RunProcess, node: string, pid: number | undefined): Promise<void> => {
  if (pid === undefined) return;
  // The node may be off by now, which ends everything just as well.
  await run('docker', ['exec', node, 'sh', '-c', `kill -KILL -${pid} 2>/dev/null || kill -KILL ${pid}`], {
    timeoutMs: 10_000,
  }).catch(() => undefined);
};

/**
 * Runs `sh -ec command` in a node by `docker exec`, which needs neither the cluster nor its network. When it is cut, its
 * whole process group in the node is killed.
 */
export async function execInNode(
  node: string,
  command: string,
  options: ExecOptions = {},
  run: RunProcess = runProcess,
): Promise<ExecResult> {
  let stderr = '';
  const args = ['exec', ...(options.input === undefined ? [] : ['-i']), node, ...wrapped(command)];
  const result = await run('docker', args, {
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.input === undefined ? {} : { input: options.input }),
    onStderr: (chunk) => {
      if (stderr.length < 4096) stderr += chunk;
    },
  });
  const { pid, rest } = splitPid(result.stderr);
  if (result.exitCode === 124 || result.exitCode === 130) {
    // 124 may also be the command's own; then there is nothing left to kill.
    await killGroup(run, node, pid ?? splitPid(stderr).pid);
  }
  return { ...result, stderr: rest };
}

/**
 * A long-lived command in a node. Its process group is killed when the stream is closed or the signal aborts. Lines of
 * stdout only. Nothing is thrown when the node goes away: the lines end.
 */
export function attachToNode(node: string, command: string, signal: AbortSignal): NodeStream {
  const queue = new Queue<string>();
  if (signal.aborted) {
    queue.close();
    return { lines: queue, write: () => undefined, close: () => Promise.resolve() };
  }
  const child = execa('docker', ['exec', '-i', node, ...wrapped(command)], {
    reject: false,
    buffer: false,
    stdin: 'pipe',
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    if (stderr.length < 4096) stderr += chunk;
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    queue.push(line);
  });
  // A broken pipe is the node's end, which the lines tell.
  child.stdin.on('error', () => undefined);

  let ended = false;
  const exited = child.then(
    () => undefined,
    (error: unknown) => oneLine(error),
  );
  void exited.then(() => {
    ended = true;
    signal.removeEventListener('abort', onAbort);
    // What was printed last is read before the end is told.
    setImmediate(() => {
      queue.close();
    });
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      if (!ended) {
        child.stdin.end();
        await killGroup(runProcess, node, splitPid(stderr).pid);
        const timer = setTimeout(() => child.kill('SIGKILL'), 1000);
        await exited;
        clearTimeout(timer);
      }
      queue.close();
    })();
    return closing;
  };
  const onAbort = (): void => {
    void close();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    lines: queue,
    write: (line) => {
      if (!ended && closing === undefined) child.stdin.write(line.endsWith('\n') ? line : `${line}\n`);
    },
    close,
  };
}
