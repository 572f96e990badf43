import type { Detector } from '../model/detector.ts';
import { humanDuration, millis } from '../model/units.ts';
import { looking, lookTimeout } from './support/look.ts';
import { some } from './support/scope.ts';

/**
 * A node whose Ready condition is not True, as `kubectl get nodes` shows it.
 *
 * Source: postmortem 002 ("Node status: Ready. But pods were dying") and 004 ("says: blind"); the alert KubeNodeNotReady of the
 * Kubernetes mixin. The kubelet reports a runtime network that is not ready at its next status update, and the controller
 * manager declares a silent node Unknown after its grace period (Kubernetes, "Node status").
 */
export function nodeNotReady(): Detector {
  return {
    id: 'node-not-ready',
    title: 'A node is not Ready',
    source: 'postmortems 002 and 004; KubeNodeNotReady of the Kubernetes mixin',
    loop: (profile) =>
      `looks every ${humanDuration(profile.pollMs)}; the kubelet reports its condition every ${humanDuration(profile.kubeletStatusMs)}, and silence counts after ${humanDuration(profile.nodeGraceMs)}`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.pollMs,
    expects: 'not Ready',
    watch({ cluster, signal, now }, profile) {
      return looking(profile.pollMs, { now, signal }, async () => {
        const nodes = await cluster.api.nodes({ signal, timeoutMs: lookTimeout(profile.pollMs) });
        if (nodes.length === 0) throw new Error('the API lists no nodes');
        const bad = nodes.filter((node) => !node.ready);
        return bad.length === 0 ? undefined : `not Ready: ${some(bad.map((node) => `${node.name} (${node.reason})`))}`;
      });
    },
  };
}
