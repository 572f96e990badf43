import { podsMemory } from '../model/commands.ts';
import type { Detector } from '../model/detector.ts';
import type { Distribution } from '../model/distribution.ts';
import { oneLine } from '../model/errors.ts';
import { humanDuration, millis, seconds } from '../model/units.ts';
import { looking } from './support/look.ts';

const mib = 1_048_576;

/**
 * Too little of a worker's memory is available to its pods: of the limit that the kubelet has set for all of them together, what nobody
 * holds and what files hold. A node exporter in a node like ours shows the memory of the machine beneath, and would stay silent.
 *
 * In life memory fills up over days, and this is the one alert that comes before the kill. Here it fills up within seconds, so its TTD says
 * how long one look takes and not how early it would have been.
 *
 * Source: postmortem 003, "The Database", which had none; NodeMemoryHighUtilization of the node mixin (under 10 % available).
 *
 * @param options.underPercent fires below this (default 10)
 */
export function memoryAvailable(
  distribution: Distribution,
  options: { readonly underPercent?: number } = {},
): Detector {
  const lookAt = `${podsMemory(distribution)}\necho "$available $limit"`;
  const under = options.underPercent ?? 10;
  return {
    id: 'memory-available',
    title: `Less than ${under} % of a node's memory is available`,
    source: 'NodeMemoryHighUtilization of the node mixin',
    loop: (profile) =>
      `reads the memory of all pods on every worker every ${humanDuration(profile.scrapeMs)}; in production it fills up for days first`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.scrapeMs,
    expects: 'available',
    watch({ cluster, signal, now }, profile) {
      let standing: string | undefined;
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const looks = await Promise.allSettled(
          cluster.select('workers').map(async ({ name }) => {
            const options = { timeoutMs: seconds(4), signal };
            const { exitCode, stdout, stderr } = await cluster.look(name, lookAt, options);
            const [available = '', limit = ''] = stdout.trim().split(' ');
            if (exitCode !== 0 || !(Number(limit) > 0)) throw new Error(`${name}: ${stderr || `exit ${exitCode}`}`);
            return Number(available) * 100 < Number(limit) * under
              ? [
                  `${Math.round(Number(available) / mib)} of ${Math.round(Number(limit) / mib)} MiB available on ${name}`,
                ]
              : [];
          }),
        );
        const low = looks.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
        const dark = looks.find((each) => each.status === 'rejected');
        // What one node says is said, whichever other cannot be asked.
        if (low.length === 0 && dark !== undefined) throw new Error(oneLine(dark.reason));
        // The text of a standing alert stays: some MiB more or less are no new alert.
        standing = low.length === 0 ? undefined : (standing ?? low.join(', '));
        return standing;
      });
    },
  };
}
