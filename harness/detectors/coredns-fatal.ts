import type { NodeInfo } from '../model/cluster.ts';
import type { Detector } from '../model/detector.ts';
import { oneLine } from '../model/errors.ts';
import { millis, seconds } from '../model/units.ts';
import { looking } from './support/look.ts';
import { linked, pause } from './support/time.ts';

const periodMs = seconds(1);
/** A node whose heartbeat is older than this is not seen. */
const silentMs = 4000;
/** CoreDNS looks for a loop in the first seconds of its life: a fresh start is believed after this. */
const clearMs = 30_000;

/**
 * A program for the node that follows the logs of CoreDNS' containers on it: no API, no container runtime. Once a second it prints
 * `fatal <line>` for each new line with [FATAL] that is younger than the given instant, and `beat <n>`: of n CoreDNS pods
 * here the newest log holds such a line. The kubelet clears the logs of a deleted pod away a minute later: only one that still has
 * its folder is counted. Ends when its input ends.
 */
const perl = String.raw`
use strict; use warnings; use IO::Select;
$| = 1;
my ($since, $root) = @ARGV;
my (%at, %rest, %fatal);
my $in = IO::Select->new(\*STDIN);
while (1) {
  my %newest;
  for my $path (glob("$root/log/pods/kube-system_coredns-*/coredns/*.log")) {
    my ($pod, $n) = $path =~ m{^(.*)/coredns/(\d+)\.log$} or next;
    if (!defined $newest{$pod} || $n > $newest{$pod}[0]) { $newest{$pod} = [$n, $path] }
    my $size = -s $path;
    if (!defined $size) { next }
    if ($size < ($at{$path} || 0)) { $at{$path} = 0; $rest{$path} = "" }
    if ($size == ($at{$path} || 0)) { next }
    open(my $f, "<", $path) or next;
    seek($f, $at{$path} || 0, 0);
    local $/;
    my $text = ($rest{$path} || "") . <$f>;
    $at{$path} = tell($f);
    close $f;
    while ($text =~ s/^([^\n]*)\n//) {
      my $line = $1;
      if (index($line, "[FATAL]") < 0 || $line lt $since) { next }
      $fatal{$path} = 1;
      $line =~ s/^\S+ \S+ \S+ //;
      print "fatal $line\n";
    }
    $rest{$path} = $text;
  }
  my $n = 0;
  for my $pod (keys %newest) {
    my ($uid) = $pod =~ m{_([^_/]+)$} or next;
    if ($fatal{$newest{$pod}[1]} && -d "$root/lib/kubelet/pods/$uid") { $n++ }
  }
  print "beat $n\n";
  if ($in->can_read(1)) { sysread(STDIN, my $ignored, 4096) or exit 0 }
}
`;

/** The shell command for `Cluster.attach`; lines of the log count from that instant on. `root`: a node's /var, another for tests. */
export function followCorednsLogs(sinceEpochMs: number, root = '/var'): string {
  // Containerd writes UTC here with nine or fewer digits of a second: comparing text does.
  return `exec perl -e '${perl}' '${new Date(sinceEpochMs).toISOString().slice(0, -1)}' ${root}`;
}

/** What is known of one node's CoreDNS. */
interface Watched {
  beatAtMs: number;
  fatalPods: number;
  why: string;
}

/**
 * The line by which CoreDNS says why it dies, read from its log on the nodes: `[FATAL] plugin/loop: Loop … detected`. Clears when
 * the newest log of every CoreDNS pod that there still is has been without one for 30 s.
 *
 * Source: postmortem 002, 09:30 (the line was there for two days and nobody had an alert on it); CoreDNS manual, plugin loop.
 */
export function corednsFatal(): Detector {
  return {
    id: 'coredns-fatal',
    title: 'CoreDNS logs a FATAL line',
    source: 'postmortem 002; CoreDNS manual, plugin loop',
    loop: () => 'follows the log on every node, looking once a second',
    leastTtdMs: () => millis(0),
    periodMs: () => periodMs,
    expects: '\\[FATAL\\]',
    async *watch({ cluster, signal, now }) {
      using own = linked(signal);
      // Wall time, as the log has it.
      const sinceEpochMs = Date.now();
      const nodes = new Map<string, Watched>();
      let line: string | undefined;
      let clearSince: number | undefined;

      const follow = async (node: NodeInfo): Promise<void> => {
        const state: Watched = { beatAtMs: now(), fatalPods: 0, why: 'no answer yet' };
        nodes.set(node.name, state);
        while (!own.signal.aborted) {
          const began = now();
          const stream = cluster.attach(node.name, followCorednsLogs(sinceEpochMs), own.signal);
          try {
            for await (const said of stream.lines) {
              const [word, ...rest] = said.split(' ');
              if (word === 'fatal') {
                line ??= rest.join(' ').slice(0, 300);
                clearSince = undefined;
              } else if (word === 'beat') {
                state.beatAtMs = now();
                state.fatalPods = Number(rest[0] ?? 0);
              } else state.why = oneLine(said);
            }
            state.why = 'the stream ended';
          } catch (error) {
            state.why = oneLine(error);
          }
          await stream.close().catch(() => undefined);
          await pause(began + 1000 - now(), own.signal);
        }
      };
      for (const node of cluster.nodes) void follow(node);

      const look = (): string | undefined => {
        const at = now();
        const dark = [...nodes].filter(([, state]) => at - state.beatAtMs > silentMs);
        const standing = [...nodes.values()].some((state) => state.fatalPods > 0);
        if (standing) clearSince = undefined;
        else clearSince ??= at;
        // A line that was seen is reported whichever node has gone dark meanwhile.
        if (line !== undefined && clearSince !== undefined && at - clearSince >= clearMs) line = undefined;
        if (line === undefined && dark.length > 0) {
          throw new Error(`no log from ${dark.map(([name, state]) => `${name} (${state.why})`).join(', ')}`);
        }
        return line;
      };
      yield* looking(periodMs, { now, signal: own.signal }, () => Promise.resolve().then(look));
    },
  };
}
