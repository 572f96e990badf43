import type { Cluster } from '../model/cluster.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { millis } from '../model/units.ts';
import type { Docker } from './docker.ts';
import { sleep } from '../host/time.ts';

/**
 * What a node says on its console when commands may be run in it. On cgroup v2 the kubelet refuses to start as long as any process is in the
 * node's root cgroup, and that is where a command goes that comes before systemd has set its own cgroups up: kind waits for the same line. On cgroup v1
 * the end of the entrypoint will do, which until then saves and restores all firewall tables, and with them takes back what was added meanwhile.
 */
const console = /Reached target .*Multi-User System|detected cgroup v1[^]*starting init/;

/** By what a node tells that commands may be run in it. */
export interface BootSigns {
  /** What it has said on its console by then; absent where nothing has to be waited for. */
  readonly console?: RegExp;
  /** A command that succeeds in it then. */
  readonly answers: string;
}

/** A node boots within a second or two; a machine that is busy with something else takes its time. */
export const bootWithinMs = 60_000;

/** Of a node that systemd runs. The entrypoint ends a moment before systemd listens, and until then every `systemctl` fails. */
export const systemdBoot: BootSigns = { console, answers: 'systemctl show --property=Version >/dev/null' };

/**
 * Resolves when a node that was started lets commands be run in it.
 * @param sinceEpochMs an instant before the start, milliseconds since the Unix epoch: what an earlier boot said does not count
 * @throws FiredrillError `environment` at the time-out, with what the node said last
 */
export async function awaitBoot(
  on: { readonly docker: Docker; readonly cluster: Pick<Cluster, 'exec'>; readonly boot: BootSigns },
  node: string,
  sinceEpochMs: number,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<void> {
  const { signal, timeoutMs } = options;
  const deadline = performance.now() + timeoutMs;
  const until = async (done: () => Promise<string | undefined>): Promise<void> => {
    for (;;) {
      const last = await done();
      if (last === undefined) return;
      signal.throwIfAborted();
      if (performance.now() > deadline) {
        throw new FiredrillError(
          'environment',
          `node ${node} did not finish booting within ${timeoutMs / 1000} s: ${last}`,
        );
      }
      await sleep(100, signal);
    }
  };
  const { console: sign, answers } = on.boot;
  await until(async () => {
    if (sign === undefined) return undefined;
    const since = (sinceEpochMs / 1000).toFixed(3);
    const console = await on.docker(['logs', '--since', since, node], { signal, timeoutMs });
    return sign.test(console) ? undefined : (console.trimEnd().split('\n').at(-1) ?? '');
  });
  await until(async () => {
    const result = await on.cluster.exec(node, answers, { signal, timeoutMs: millis(5000) });
    return result.exitCode === 0 ? undefined : oneLine(result.stderr);
  });
}
