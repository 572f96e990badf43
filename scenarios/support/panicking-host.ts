import { act, onPanic, until } from '../../harness/model/define.ts';
import type { Distribution } from '../../harness/model/distribution.ts';
import type { NodeSelector, Step } from '../../harness/model/step.ts';
import { seconds } from '../../harness/model/units.ts';
import { installUnit } from './host-unit.ts';

/** So many interfaces recreated within a minute for pods that had one since the start, and the stand-in for the kernel gives up. A sound host makes none. */
const mostMadeAnew = 8;

/** A boot lasts so many seconds at least: time for a person to do something on the machine, as there was in the postmortem. */
const leastUptimeS = 40;

/**
 * The host of postmortem 000: a node on which a gateway runs beside Kubernetes, under systemd; whose kernel gives up when network
 * interfaces come and go too fast, and which then starts itself again, as `kernel.panic = 10` says; and two services on it whose next
 * release crashes.
 *
 * A container's kernel is everybody's: it is not the one that panics. A program counts the interfaces that pods get again; past the
 * limit the gateway is killed as the postmortem's was, every process of the node stands still for ten seconds, and the node ends.
 *
 * It goes by the runtime's own notes and not by the kernel's messages, because those do not say whose an interface is: a start of the
 * whole host, a roll-out and our own canaries make dozens that are nobody's fault, and how many a minute depends on the machine's CPU.
 * A second one for the same pod is the thrash, and nothing else.
 */
export function panickingHost(distribution: Distribution, on: NodeSelector & object): readonly Step[] {
  return [
    act(
      'a journal that outlives a reboot, and a list of boots',
      on,
      [
        'mkdir -p /var/log/journal /var/crash',
        'systemd-tmpfiles --create --prefix /var/log/journal',
        'journalctl --flush',
        `cat > /etc/systemd/system/boots.service <<'UNIT'\n${bootsUnit}\nUNIT`,
        'systemctl daemon-reload',
        'systemctl enable --now boots',
      ].join('\n'),
    ),
    installUnit(
      'the gateway',
      on,
      { name: 'swarm-gateway', path: '/opt/build-swarm/bin/swarm-gateway', program: gateway, unit: gatewayUnit },
      'systemctl enable --now swarm-gateway',
    ),
    installUnit('what stands for the kernel', on, {
      name: 'kernel-stand-in',
      path: '/usr/local/sbin/kernel-stand-in',
      program: kernel(distribution),
      unit: kernelUnit(distribution),
    }),
    onPanic('the host starts itself again after a panic', on, 'reboot'),
    act('two more services', 'workstation', `kubectl apply -f - <<YAML\n${deployments(on)}YAML`),
    until(
      'wait for them',
      'workstation',
      'kubectl -n apps wait --for=condition=Available deployment --all --timeout=5s',
      seconds(90),
    ),
    until('wait for the gateway', on, 'systemctl is-active swarm-gateway kernel-stand-in', seconds(20)),
  ];
}

/** What `last reboot` reads, for a machine that keeps no such record. */
const bootsUnit = `[Unit]
Description=Writes down that this machine was started
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'date "+%%s %%FT%%TZ" -u >> /var/log/boots'
[Install]
WantedBy=sysinit.target`;

/** Answers whoever asks; one request a connection, and nobody can keep it waiting. */
const gateway = `#!/usr/bin/perl
use strict; use warnings; use Socket; use IO::Select;
$SIG{PIPE} = "IGNORE";
socket(my $server, PF_INET, SOCK_STREAM, 6) or die "socket: $!";
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1);
bind($server, sockaddr_in(8080, INADDR_ANY)) or die "bind: $!";
listen($server, 128) or die "listen: $!";
while (1) {
  accept(my $client, $server) or next;
  if (IO::Select->new($client)->can_read(0.5)) {
    sysread($client, my $request, 8192);
    syswrite($client, "HTTP/1.1 200 OK\\r\\nContent-Length: 7\\r\\nConnection: close\\r\\n\\r\\nrouted\\n");
  }
  close $client;
}`;

/** As the postmortem's was before it was hardened. Who is killed leaves a report, as Ubuntu's apport writes it. */
const gatewayUnit = `[Unit]
Description=Gateway of the build swarm
[Service]
ExecStart=/opt/build-swarm/bin/swarm-gateway
ExecStopPost=/bin/sh -c '[ "$SERVICE_RESULT" != signal ] || printf "ProblemType: Crash\\nDate: %%s\\nExecutablePath: /opt/build-swarm/bin/swarm-gateway\\nSignal: 9\\n" "$(date -u +%%FT%%TZ)" > /var/crash/_opt_build-swarm_bin_swarm-gateway.0.crash'
[Install]
WantedBy=multi-user.target`;

const kernel = ({ paths }: Distribution): string => `#!/usr/bin/perl
# Counts the interfaces that pods get anew. So many within a minute, and everything stands still.
use strict; use warnings;
$| = 1;
my $notes = "${paths.cni.state}/results";
my ($start, @anew) = (time);
# What was left by the last boot is nobody's interface now.
my %noted = map { $_ => 1 } glob "$notes/*-eth0";
my %pods;
while (1) {
  select undef, undef, undef, 0.3;
  for my $note (glob "$notes/*-eth0") {
    next if $noted{$note};
    open(my $file, "<", $note) or next;
    local $/;
    my $text = <$file> // "";
    # It may not be written to its end yet.
    my $pod = join "/", $text =~ /"K8S_POD_(?:NAMESPACE|NAME)","([^"]+)"/g or next;
    $noted{$note} = 1;
    push @anew, time if $pods{$pod}++;
  }
  shift @anew while @anew && $anew[0] <= time - 60;
  panic(scalar @anew) if @anew >= ${mostMadeAnew} && time - $start >= ${leastUptimeS};
}
sub panic {
  my $count = shift;
  open(my $note, ">", "/run/panicked"); close $note;
  open(my $log, ">>", "/var/log/panics"); print $log time, " $count\\n"; close $log;
  print "Kernel panic - not syncing: $count network interfaces torn down and made anew\\n";
  system("systemctl kill --signal=KILL swarm-gateway 2>/dev/null; sleep 0.5; journalctl --sync");
  kill "STOP", -1;
  # What runc had frozen when it was stopped itself could not even be killed (cgroup v1), and the node would never end.
  for (split /\\n/, \`find /sys/fs/cgroup/freezer -name freezer.state 2>/dev/null\`) { if (open(my $f, ">", $_)) { print $f "THAWED"; close $f } }
  sleep 10;
  exec "systemctl", "reboot", "-ff";
}`;

const kernelUnit = ({ services }: Distribution): string => `[Unit]
Description=Stands for the kernel of this machine
Before=${services('kubelet', 'runtime')}
[Service]
ExecStart=/usr/local/sbin/kernel-stand-in
[Install]
WantedBy=multi-user.target`;

/**
 * `openwebui` and `quartz-vault`, eight pods each. Their release is a variable: the broken one takes the pod's sandbox along when it
 * crashes (it shares the pod's processes and ends the first of them), so that network namespace and interface are recreated each time.
 */
const deployments = (on: { readonly worker: number }): string => `apiVersion: v1
kind: Namespace
metadata: { name: apps }
---
${['openwebui', 'quartz-vault'].map((name) => deployment(name, on)).join('---\n')}`;

const deployment = (name: string, on: { readonly worker: number }): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: apps }
spec:
  replicas: 8
  strategy: { type: Recreate }
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      automountServiceAccountToken: false
      shareProcessNamespace: true
      terminationGracePeriodSeconds: 2
      nodeSelector: { kubernetes.io/hostname: $(echo $WORKERS | cut -d " " -f ${on.worker}) }
      containers:
        - name: ${name}
          image: ghcr.io/stefanprodan/podinfo:6.9.2
          imagePullPolicy: IfNotPresent
          securityContext: { runAsUser: 0 }
          command: [sh, -ec, '[ "\\$RELEASE" != broken ] || { sleep 2; kill -TERM 1; sleep 10; }; exec ./podinfo --level=warn']
          resources: { requests: { cpu: 1m, memory: 16Mi } }
`;
