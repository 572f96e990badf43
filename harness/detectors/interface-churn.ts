import type { Detector } from '../model/detector.ts';
import { humanDuration, millis, seconds } from '../model/units.ts';
import { looking } from './support/look.ts';

const windowMs = 60_000;
/** So many within the window are normal. */
const over = 25;

/** When the node was started, and the highest number of an interface of a pod: a kernel gives no number twice. */
const look =
  'echo "$(($(date +%s) - $(ps -o etimes= -p 1))) $({ echo 0; cat /sys/class/net/veth*/ifindex 2>/dev/null; } | sort -n | tail -n 1)"';

/** What is known of one node. */
interface Counter {
  readonly startS: number;
  highest: number;
  readonly made: { readonly atMs: number; readonly count: number }[];
}

/**
 * Network interfaces of a node come faster than pods of a sound cluster are started: more than so many within a minute.
 *
 * Source: postmortem 000, "The Actual Culprit" ("CNI network interfaces thrashed ... Hundreds of times per minute"): the number that would
 * have pointed to it.
 */
export function interfaceChurn(): Detector {
  return {
    id: 'interface-churn',
    title: "A node's network interfaces come and go",
    source: 'postmortem 000, "CNI network interfaces thrashed"',
    loop: (profile) =>
      `reads the last interface's number of every node every ${humanDuration(profile.scrapeMs)}; fires over ${over} new ones within ${humanDuration(millis(windowMs))}`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.scrapeMs,
    expects: 'interfaces of pods',
    watch({ cluster, signal, now }, profile) {
      const counters = new Map<string, Counter>();
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const dark: string[] = [];
        const busy: string[] = [];
        await Promise.all(
          cluster.nodes.map(async ({ name }) => {
            const { exitCode, stdout, stderr } = await cluster.look(name, look, { timeoutMs: seconds(2), signal });
            const [startS = Number.NaN, highest = Number.NaN] = stdout.trim().split(' ').map(Number);
            if (exitCode !== 0 || !Number.isFinite(highest))
              dark.push(`${name}: ${stderr.trim() || stdout.trim() || 'no answer'}`);
            else if (count(counters, name, { startS, highest, atMs: now() }) > over) busy.push(name);
          }),
        );
        // Which node, and not how many each time: it is one alert as long as it lasts.
        if (busy.length > 0) return `over ${over} new interfaces of pods within a minute on ${busy.sort().join(', ')}`;
        if (dark.length > 0) throw new Error(dark.join('; '));
        return undefined;
      });
    },
  };
}

/** Adds a reading; returns how many interfaces were made within the window. The first reading of a node only begins its count. */
function count(
  counters: Map<string, Counter>,
  name: string,
  { startS, highest, atMs }: { readonly startS: number; readonly highest: number; readonly atMs: number },
): number {
  const known = counters.get(name);
  // Two readings of the same start differ by the seconds that each is rounded to.
  if (known === undefined || startS > known.startS + 3) {
    // After a start its numbers begin again: all of them are new ones.
    const made = known === undefined ? [] : [...known.made, { atMs, count: highest }];
    counters.set(name, { startS, highest, made });
  } else if (highest > known.highest) {
    known.made.push({ atMs, count: highest - known.highest });
    known.highest = highest;
  }
  const { made } = counters.get(name) ?? { made: [] };
  while (made[0] !== undefined && made[0].atMs <= atMs - windowMs) made.shift();
  return made.reduce((sum, m) => sum + m.count, 0);
}
