import type { Detector } from '../model/detector.ts';
import { humanDuration, millis, seconds } from '../model/units.ts';
import { looking } from './support/look.ts';

/**
 * A crash report lies on a node, and names a program. What it names was killed; whether it was the cause, the file does not say: a
 * reading that names no pod is counted as a wrong diagnosis of an outage that pods brought about.
 *
 * Source: postmortem 000, "The Crime Scene" ("A crash dump with my gateway's name on it"); Ubuntu's apport (/var/crash).
 */
export function crashFile(): Detector {
  return {
    id: 'crash-file',
    title: 'A crash report names a program',
    source: 'postmortem 000, /var/crash/_opt_build-swarm_bin_swarm-gateway.0.crash',
    loop: (profile) => `lists /var/crash of every node every ${humanDuration(profile.scrapeMs)}`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.scrapeMs,
    expects: '^pod ',
    watch({ cluster, signal, now }, profile) {
      const seen = new Set<string>();
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const looks = await Promise.all(
          cluster.nodes.map(({ name }) =>
            cluster.look(name, 'ls /var/crash 2>/dev/null || true', { timeoutMs: seconds(2), signal }),
          ),
        );
        for (const { exitCode, stdout } of looks)
          if (exitCode === 0) for (const file of stdout.split('\n')) if (file.trim() !== '') seen.add(file.trim());
        // A node that is down says nothing of what lies on it: what was seen stays seen.
        if (seen.size > 0) return `crash report of ${[...seen].sort().join(', ')}`;
        const failed = looks.find(({ exitCode }) => exitCode !== 0);
        if (failed !== undefined) throw new Error(failed.stderr.trim() || `exit ${failed.exitCode}`);
        return undefined;
      });
    },
  };
}
