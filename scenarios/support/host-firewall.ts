import { until } from '../../harness/model/define.ts';
import type { Distribution } from '../../harness/model/distribution.ts';
import type { NodeSelector, Step } from '../../harness/model/step.ts';
import { seconds } from '../../harness/model/units.ts';
import { installUnit } from './host-unit.ts';

/**
 * A host as people run them: a firewall that lets in what is listed and drops the rest (what `ufw enable` makes of a machine, with the
 * exceptions that k3s' manual asks for), and a server on the port of ssh. Both are there again after a reboot.
 */
export function firewalledHost(distribution: Distribution, on: NodeSelector): readonly Step[] {
  return [
    installUnit(
      'a firewall that drops what is not listed',
      on,
      {
        name: 'host-firewall',
        path: '/usr/local/sbin/host-firewall',
        program: firewall,
        unit: firewallUnit(distribution),
      },
      'ufw allow ssh; ufw allow from 10.42.0.0/16; ufw enable',
    ),
    installUnit(
      'a server on the port of ssh',
      on,
      { name: 'host-ssh', path: '/usr/local/sbin/host-ssh', program: server, unit: serverUnit },
      'systemctl enable --now ssh',
    ),
    until(
      'wait until both are there',
      on,
      'systemctl is-active host-ssh && iptables -S INPUT | grep -q DROP',
      seconds(20),
    ),
  ];
}

/** kubeadm's ports of a worker, flannel's, pods, and ssh. */
const firewall = `#!/bin/sh
# host-firewall start | reset
set -eu
rule() { iptables -w -A "$@"; }
case "$1" in
start)
  for chain in INPUT FORWARD; do
    iptables -w -N "host-$chain" 2>/dev/null || iptables -w -F "host-$chain"
    iptables -w -C "$chain" -j "host-$chain" 2>/dev/null || rule "$chain" -j "host-$chain"
    rule "host-$chain" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
  done
  rule host-INPUT -i lo -j ACCEPT
  rule host-INPUT -p icmp -j ACCEPT
  rule host-INPUT -p tcp -m multiport --dports 22,10250 -j ACCEPT
  rule host-INPUT -p udp --dport 8472 -j ACCEPT
  rule host-INPUT -s 10.244.0.0/16 -j ACCEPT
  iptables -w -P INPUT DROP
  iptables -w -P FORWARD DROP
  ;;
reset)
  iptables -w -P INPUT ACCEPT
  iptables -w -P FORWARD ACCEPT
  for chain in INPUT FORWARD; do
    iptables -w -D "$chain" -j "host-$chain" 2>/dev/null || true
    iptables -w -F "host-$chain" 2>/dev/null || true
    iptables -w -X "host-$chain" 2>/dev/null || true
  done
  ;;
esac`;

const firewallUnit = ({ services }: Distribution): string => `[Unit]
Description=The firewall of this host
Before=network-pre.target ${services('runtime', 'kubelet')}
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/host-firewall start
[Install]
WantedBy=multi-user.target`;

/** Greets as an ssh server does and hangs up: what is measured is whether it can be reached. */
const server = `#!/usr/bin/perl
use strict; use warnings; use Socket;
$SIG{PIPE} = "IGNORE";
socket(my $server, PF_INET, SOCK_STREAM, 6) or die "socket: $!";
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1);
bind($server, sockaddr_in(22, INADDR_ANY)) or die "bind: $!";
listen($server, 128) or die "listen: $!";
while (1) {
  accept(my $client, $server) or next;
  syswrite($client, "SSH-2.0-firedrill\\r\\n");
  close $client;
}`;

const serverUnit = `[Unit]
Description=What answers on the port of ssh
[Service]
ExecStart=/usr/local/sbin/host-ssh
Restart=always
[Install]
WantedBy=multi-user.target`;
