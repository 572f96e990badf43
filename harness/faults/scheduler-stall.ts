import { act, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { pauseImage } from '../model/instruments.ts';
import { minutes, seconds } from '../model/units.ts';

const chain = 'FIREDRILL-STALL';
/** The pods that the stall leaves without a node; away from the workload, so that nothing of it has to be taken down. */
const namespace = 'backlog';

/** Pods without a node for longer than a scheduler ever takes, by name. */
const waitingBy = (kubectl: string): string => `${kubectl} get pods -A --field-selector spec.nodeName= -o json |
  jq -r '.items[] | select(now - (.metadata.creationTimestamp | fromdate) > 5) | .metadata.name'`;

/**
 * Drops what the API sends on the scheduler's watches, all that there are now. Of each of the scheduler's connections to the API: its port
 * and the time since the scheduler last sent something on it. A scheduler that has just started sends on all of them; then the one of the
 * lease cannot be told apart, and a watch would be spared.
 */
const stallWatchesOf = (scheduler: string): string =>
  [
    `connections() { ss -tnpHOi state established '( dport = :6443 )' | grep '"${scheduler}"' | awk -v old="$1" '{`,
    '  sent = 0',
    '  for (i = 1; i <= NF; i++) if ($i ~ /^lastsnd:/) { split($i, part, ":"); sent = part[2] }',
    '  n = split($3, address, ":")',
    '  if ((sent > 4000) == old) print address[n]',
    "}'; }",
    'for _ in $(seq 60); do [ "$(connections 0 | wc -l)" -le 1 ] && break; sleep 0.5; done',
    'ports=$(connections 1)',
    '[ -n "$ports" ]',
    'for port in $ports; do',
    `  rule="${chain} -p tcp --sport 6443 --dport $port -m length --length 80:65535 -j DROP"`,
    '  iptables -w -C $rule 2>/dev/null || iptables -w -A $rule',
    'done',
  ].join('\n');

/**
 * The scheduler's watches stall: it renews its lease, its process is well, and no pod is ever given a node. What the API sends on
 * the watches is dropped on its way (packets with data in them; acknowledgements and keep-alives pass), so both ends hold on to
 * connections on which nothing arrives. The connection of the lease is spared: it is the one on which the scheduler itself sent
 * something within the last seconds. In the postmortem the event queue stalled inside the process; here its input does.
 *
 * Every watch has a connection of its own because clusters here run their scheduler without HTTP/2 (`harness/cluster/kubeadm/config.ts`); over one
 * shared connection the lease would be lost, too, and another scheduler would take over.
 *
 * Source: postmortem 004, RC-1 ("renewed its lease continuously", 46 pods Pending for 4 h 20 min, zero FailedScheduling events).
 *
 * @param options.pods how many pods are to be started meanwhile (default: the postmortem's 46)
 */
export function schedulerStall(distribution: Distribution, options: { readonly pods?: number } = {}): Fault {
  const { kubectl } = distribution.commands;
  const scheduler = distribution.processes('scheduler');
  const waiting = waitingBy(kubectl);
  const stallWatches = stallWatchesOf(scheduler);
  const pods = options.pods ?? 46;
  return {
    id: 'scheduler-stall',
    title: "The scheduler's watches stall while it renews its lease",
    source: 'postmortem 004, "Simultaneous 3-Node Reboot Cascade", RC-1',
    fidelity: 'equivalent',
    params: { pods },
    requires: [{ apart: 'scheduler' }],
    targets: 'control-plane',
    prepare: [
      act(
        'what will want to be scheduled',
        'control-plane',
        [
          `${kubectl} create namespace ${namespace} --dry-run=client -o yaml | ${kubectl} apply -f -`,
          `${kubectl} -n ${namespace} create deployment backlog --image=${pauseImage} --replicas=0`,
        ].join('\n'),
      ),
    ],
    inject: [
      act(
        'nothing arrives on the watches any more',
        'control-plane',
        [
          `iptables -w -N ${chain}`,
          stallWatches,
          `iptables -w -I OUTPUT -j ${chain}`,
          `watches=$(iptables -w -S ${chain} | grep -c DROP)`,
          'echo "$watches watches stalled"',
        ].join('\n'),
      ),
      act(
        `${pods} pods want a node`,
        'control-plane',
        [
          `scale() { ${kubectl} -n ${namespace} scale deployment backlog --replicas="$1"; }`,
          `count() { ${kubectl} -n ${namespace} get pods --field-selector "$1" -o name | wc -l; }`,
          `until_there_are() { for _ in $(seq 40); do [ "$(count metadata.name!=none)" = "$1" ] && return; sleep 0.5; done; return 1; }`,
          // A scheduler that could not reach the API for a while opens its watches one by one, up to half a minute later: one of them may have
          // come after the others were stalled, and then it does its work.
          'for _ in 1 2 3 4; do',
          `  scale ${pods}`,
          `  until_there_are ${pods}`,
          '  sleep 2',
          '  placed=$(count spec.nodeName!=)',
          '  [ "$placed" != 0 ] || exit 0',
          '  echo "$placed of them were given a node: once more, with the watches that came later"',
          '  scale 0',
          // By force, for the node that they were given may be one that ends nothing; and with what was said of them.
          `  ${kubectl} -n ${namespace} delete pods,events --all --force --grace-period=0 >/dev/null 2>&1`,
          '  until_there_are 0',
          `  ${stallWatches.split('\n').join('\n  ')}`,
          'done',
          'exit 1',
        ].join('\n'),
        { timeoutMs: minutes(2) },
      ),
    ],
    witness: [
      {
        name: 'pods have waited for a node for over 5 s',
        on: 'control-plane',
        command: `${waiting} | grep -c backlog`,
        expect: `^${pods}$`,
      },
      {
        name: 'the lease is renewed all the same',
        on: 'control-plane',
        command: `${kubectl} -n kube-system get lease kube-scheduler -o json | jq 'now - (.spec.renewTime | sub("[.][0-9]+Z"; "Z") | fromdate) < 8'`,
        expect: '^true$',
      },
      {
        name: 'nobody says that they cannot be scheduled',
        on: 'control-plane',
        command: `${kubectl} -n ${namespace} get events --field-selector reason=FailedScheduling -o name | wc -l`,
        expect: '^0$',
      },
    ],
    witnessDeadlineMs: seconds(30),
    undo: [
      act(
        'let the watches through, and close them',
        'control-plane',
        [
          `while iptables -w -D OUTPUT -j ${chain} 2>/dev/null; do :; done`,
          `iptables -w -F ${chain} 2>/dev/null || true`,
          `iptables -w -X ${chain} 2>/dev/null || true`,
          // What was held back would be sent again only after a pause that has grown to minutes: the scheduler asks again at once.
          `for port in $(ss -tnpHO state established '( dport = :6443 )' | grep '"${scheduler}"' | awk '{ n = split($3, a, ":"); print a[n] }'); do`,
          '  ss -KHtn state established "( sport = :$port and dport = :6443 )" >/dev/null || true',
          'done',
          `${kubectl} -n ${namespace} delete deployment backlog --ignore-not-found --wait=false`,
        ].join('\n'),
      ),
      until(
        'no pod is left waiting',
        'control-plane',
        `[ "$(${kubectl} -n ${namespace} get pods -o name | wc -l)" = 0 ] && [ -z "$(${waiting})" ]`,
        seconds(60),
      ),
      act(
        'the namespace',
        'control-plane',
        `${kubectl} delete namespace ${namespace} --ignore-not-found --timeout=30s`,
      ),
    ],
  };
}
