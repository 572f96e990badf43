import { awaitBoot, systemdBoot } from '../../harness/cluster/boot.ts';
import type { Docker } from '../../harness/cluster/docker.ts';
import type { RunProcess } from '../../harness/cluster/process.ts';
import { mustOnNode } from '../../harness/cluster/must.ts';
import { Queue } from '../../harness/cluster/queue.ts';
import { sleep } from '../../harness/host/time.ts';
import type { ClusterSpec } from '../../harness/cluster/spec.ts';
import type { Detector } from '../../harness/model/detector.ts';
import { FiredrillError } from '../../harness/model/errors.ts';
import { profiles } from '../../harness/model/profile.ts';
import { millis, seconds } from '../../harness/model/units.ts';
import { startClock } from '../../harness/engine/clock.ts';
import type { OneNode } from './cluster.ts';
import type { Machine } from './machine.ts';

/** What every part of the demonstration works with. */
export interface Context {
  readonly machine: Machine;
  readonly cluster: OneNode;
  readonly spec: ClusterSpec;
  /** The machine's Docker. */
  readonly docker: Docker;
  readonly run: RunProcess;
  readonly signal: AbortSignal;
  /** Says whether something was shown, and what was seen. */
  readonly check: (name: string, ok: boolean, seen: string) => void;
}

/** Asks every second until it is so; false when it has not become so in time. */
export async function becomes(
  { signal }: Pick<Context, 'signal'>,
  ask: () => Promise<boolean>,
  withinS: number,
): Promise<boolean> {
  for (const end = performance.now() + withinS * 1000; ;) {
    signal.throwIfAborted();
    if (await ask()) return true;
    if (performance.now() > end) return false;
    await sleep(1000, signal);
  }
}

/** What comes out of a command on the node; it has to succeed. */
export const onNode = async ({ cluster, signal }: Context, command: string, timeoutS = 60): Promise<string> =>
  (await mustOnNode(cluster, cluster.node, command, signal, seconds(timeoutS))).trim();

/** Runs a command on the workstation until it succeeds, for half an hour at most. */
export async function until(context: Context, command: string): Promise<void> {
  let last = '';
  const done = await becomes(
    context,
    async () => {
      const { exitCode, stderr } = await context.cluster.workstation(command, {
        timeoutMs: seconds(60),
        signal: context.signal,
      });
      last = stderr;
      return exitCode === 0;
    },
    1800,
  );
  if (!done) throw new FiredrillError('environment', `${command}: ${last}`);
}

/** What the node's kubelet has been through since the node was started. */
export interface Kubelet {
  readonly active: boolean;
  /** How often its own check has found a process in the root group. */
  readonly refused: number;
}

/** Since the start of the node and not since that of its journal. */
export const sinceStart = `--since "-$(ps -o etimes= -p 1 | tr -d ' ') seconds"`;

export async function kubeletOf(context: Context): Promise<Kubelet> {
  const asked = await onNode(
    context,
    [
      'systemctl is-active kubelet || true',
      `journalctl -q --no-pager -o cat -u kubelet ${sinceStart} | grep -c "processes are in the root cgroup" || true`,
    ].join('\n'),
  );
  const [state = '', refused = ''] = asked.split('\n');
  return { active: state === 'active', refused: refused === '' ? Number.NaN : Number(refused) };
}

export const said = ({ active, refused }: Kubelet): string =>
  `kubelet ${active ? 'runs' : 'does not run'}, refused ${refused} times`;

/** Whether the kubelet runs, now or soon. */
export const runs = (context: Context, withinS = 120): Promise<boolean> =>
  becomes(context, async () => (await kubeletOf(context)).active, withinS);

/**
 * Switches the node off and on, as the harness does, but does not wait for its boot.
 * @param arrive called while Docker starts it
 * @returns an instant before the start, milliseconds since the Unix epoch
 */
export async function powerCycle(
  { cluster, docker, signal }: Context,
  arrive: () => void = () => undefined,
): Promise<number> {
  await cluster.powerOff(cluster.node, { signal, timeoutMs: millis(60_000) });
  const since = Date.now();
  const started = docker(['start', cluster.node], { signal });
  arrive();
  await started;
  return since;
}

/** What the harness waits for after it has started a node. */
export const awaitUp = ({ cluster, docker, signal }: Context, since: number): Promise<void> =>
  awaitBoot({ docker, cluster, boot: systemdBoot }, cluster.node, since, { signal, timeoutMs: 600_000 });

/** Watches by a detector while something happens, and until it fires; the text of its alert, undefined when it does not in time. */
export async function fires(
  detector: Detector,
  { cluster, signal }: Context,
  withinS: number,
  meanwhile: () => Promise<void>,
): Promise<string | undefined> {
  const own = new AbortController();
  const clock = startClock();
  const given = {
    cluster,
    signal: AbortSignal.any([own.signal, signal]),
    now: () => clock.now(),
    samples: () => new Queue<never>(),
  };
  let quiet: () => void = () => undefined;
  const watching = new Promise<void>((resolve) => {
    quiet = resolve;
  });
  const fired = (async () => {
    for await (const reading of detector.watch(given, profiles.fast)) {
      if (reading.state === 'quiet') quiet();
      if (reading.state === 'firing') return reading.what;
    }
    return undefined;
  })();
  const timer = setTimeout(() => {
    own.abort();
  }, withinS * 1000);
  try {
    await Promise.race([watching, fired]);
    await meanwhile();
    return await fired;
  } finally {
    clearTimeout(timer);
    own.abort();
  }
}
