import { FiredrillError } from '../model/errors.ts';
import type { Docker } from './docker.ts';
import { sleep } from './sleep.ts';

/**
 * What a node says on its console when commands may be run in it. On cgroup v2 the kubelet refuses to start as long as any process is in the
 * node's root cgroup, and that is where a command goes that comes before systemd has set its own cgroups up: kind waits for the same line. On cgroup v1
 * the end of the entrypoint will do, which until then saves and restores all firewall tables, and with them takes back what was added meanwhile.
 */
const booted = /Reached target .*Multi-User System|detected cgroup v1[^]*starting init/;

/**
 * Resolves when a node that was started lets commands be run in it.
 * @param sinceEpochMs an instant before the start, milliseconds since the Unix epoch: what an earlier boot said does not count
 * @throws FiredrillError `environment` at the time-out, with the console's last line
 */
export async function awaitBoot(
  docker: Docker,
  node: string,
  sinceEpochMs: number,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<void> {
  const { signal, timeoutMs } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const console = await docker(['logs', '--since', (sinceEpochMs / 1000).toFixed(3), node], { signal, timeoutMs });
    if (booted.test(console)) return;
    if (performance.now() > deadline) {
      const last = console.trimEnd().split('\n').at(-1) ?? '';
      throw new FiredrillError(
        'environment',
        `node ${node} did not finish booting within ${timeoutMs / 1000} s: ${last}`,
      );
    }
    await sleep(100, signal);
  }
}
