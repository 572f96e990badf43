import { act } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { seconds } from '../model/units.ts';
import { keptBy } from './support/kept-by.ts';

const kept = keptBy('coredns-loop');

/**
 * The nodes' resolver points at the node itself, CoreDNS inherits it (dnsPolicy Default), forwards to itself, and its
 * `loop` plugin kills it: `[FATAL] plugin/loop: Loop (127.0.0.1:… -> :53) detected`.
 *
 * Source: postmortem 002 (the FATAL line) and CoreDNS' own page on the `loop` plugin, which names a loopback address in the
 * node's resolv.conf (systemd-resolved, dnsmasq) as the usual cause. CoreDNS reads the file when its pod is made, so the
 * fault restarts it, as the failed update did.
 */
export function corednsLoop(distribution: Distribution): Fault {
  const kubectl = `${distribution.commands.kubectl} -n kube-system`;
  return {
    id: 'coredns-loop',
    title: "The nodes' resolver points at itself and CoreDNS dies of the loop",
    source: 'postmortem 002, "When Everything Crashes: The K3s Resurrection"; CoreDNS manual, plugin loop',
    fidelity: 'real',
    params: {},
    targets: 'nodes',
    prepare: [
      act('keep what the undo puts back', 'nodes', `mkdir -p ${kept}\ncp /etc/resolv.conf ${kept}/resolv.conf`),
    ],
    inject: [
      // Docker bind-mounts the file: it can be written but not replaced.
      act('the resolver is rewritten to loopback', 'nodes', "echo 'nameserver 127.0.0.1' > /etc/resolv.conf"),
      act(
        'CoreDNS is restarted by the update',
        'control-plane',
        `${kubectl} delete pods -l k8s-app=kube-dns --wait=false`,
      ),
    ],
    witness: [
      {
        name: 'resolver is loopback',
        on: 'nodes',
        command: 'cat /etc/resolv.conf',
        expect: '^nameserver 127\\.0\\.0\\.1$',
      },
      {
        name: 'CoreDNS died of the loop',
        on: 'control-plane',
        // Any of its pods: the line that the postmortem quotes. One that waits to be started again shows how it died.
        command: `${kubectl} logs -l k8s-app=kube-dns --tail=20 2>/dev/null || true`,
        expect: '\\[FATAL\\] plugin/loop: Loop .* detected',
      },
    ],
    witnessDeadlineMs: seconds(60),
    undo: [
      act('put the resolver back', 'nodes', `cat ${kept}/resolv.conf > /etc/resolv.conf`),
      act('restart CoreDNS', 'control-plane', `${kubectl} delete pods -l k8s-app=kube-dns --wait=false`),
    ],
  };
}
