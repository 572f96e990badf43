import type { Detector } from '../model/detector.ts';
import { humanDuration, millis, seconds } from '../model/units.ts';
import { looking } from './support/look.ts';

/** Two readings of the same start differ by the seconds that each is rounded to. */
const sameStartS = 3;

/** When the node's first process was started, in seconds since the epoch. */
const startedAt = 'echo "$(($(date +%s) - $(ps -o etimes= -p 1)))"';

/**
 * A node was started again: its uptime, read from the node itself, began again. Fires for an alert's window after each.
 *
 * Source: postmortem 000, "Check logs before blaming your code" (`uptime`, `last reboot`); node_exporter's `node_boot_time_seconds` and the
 * alert `changes(node_boot_time_seconds[5m]) > 0`.
 */
export function nodeRebooted(): Detector {
  return {
    id: 'node-rebooted',
    title: 'A node was rebooted',
    source: 'postmortem 000, "uptime", "last reboot"; changes(node_boot_time_seconds) > 0',
    loop: (profile) =>
      `reads the uptime of every node every ${humanDuration(profile.pollMs)}; fires for ${humanDuration(profile.alertWindowMs)} after a start`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.pollMs,
    expects: 'rebooted',
    watch({ cluster, signal, now }, profile) {
      const known = new Map<string, { startS: number; reboots: number; seenMs: number }>();
      return looking(profile.pollMs, { now, signal }, async () => {
        const dark: string[] = [];
        await Promise.all(
          cluster.nodes.map(async ({ name }) => {
            const { exitCode, stdout, stderr } = await cluster.look(name, startedAt, { timeoutMs: seconds(2), signal });
            if (exitCode !== 0) {
              dark.push(`${name}: ${stderr.trim() || `exit ${exitCode}`}`);
              return;
            }
            const startS = Number(stdout.trim());
            const before = known.get(name);
            if (before === undefined) known.set(name, { startS, reboots: 0, seenMs: 0 });
            else if (startS > before.startS + sameStartS)
              known.set(name, { startS, reboots: before.reboots + 1, seenMs: now() });
          }),
        );
        const recent = [...known].filter(
          ([, { reboots, seenMs }]) => reboots > 0 && now() - seenMs < profile.alertWindowMs,
        );
        if (recent.length > 0)
          return `rebooted: ${recent.map(([name, { reboots }]) => (reboots === 1 ? name : `${name} ${reboots} times`)).join(', ')}`;
        // One that is down cannot be asked: that is no reboot yet, and no all-clear either.
        if (dark.length > 0) throw new Error(dark.join('; '));
        return undefined;
      });
    },
  };
}
