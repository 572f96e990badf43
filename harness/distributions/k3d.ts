import { placeVariable } from '../model/commands.ts';
import { act } from '../model/define.ts';
import { withVerbs, type Component, type Distribution, type Run } from '../model/distribution.ts';
import { data, k3s, linkPlugins } from './k3s.ts';

/** Names that k3s gives to its one process, on a server and on an agent. */
const process = 'k3s-server k3s-agent';
const part: Run = { by: 'container', process };

const base = withVerbs({
  ...k3s,
  name: 'k3d',
  title: 'k3s on k3d',
  init: 'Docker',
  components: {
    kubelet: part,
    // A child of k3s, which ends and starts it.
    runtime: { ...part, process: 'containerd' },
    proxy: part,
    network: part,
    apiserver: part,
    controllers: part,
    scheduler: part,
    datastore: part,
  },
  // Not under systemd k3s has its kubelet drive control groups by itself (k3s, pkg/agent/containerd/config_linux.go): versions 1 and 2.
  podsGroups: ['/sys/fs/cgroup/memory/kubepods', '/sys/fs/cgroup/kubepods'],
});

/** Where our node keeps what k3s says, which is in the container's log as well (images/k3d-node/files/bin/k3d-entrypoint.sh). */
export const log = '/var/log/k3s.log';

/**
 * For a node: k3s is asked to end when whoever asks has gone. The node ends with it, and Docker starts both again (k3d, `unless-stopped`). For what is
 * typed on a node and is no runbook's step.
 */
const restart = `{ (sleep 1; kill $(pidof ${process})) >/dev/null 2>&1 & }`;

/** Docker's own command, as `k3d node stop` and `k3d node start` would in turn: asks k3s to end, by force after ten seconds, and starts the node. */
const restartNode: Distribution['restartStep'] = (name, on, _, extra) =>
  act(name, 'workstation', `docker restart ${placeVariable(on)}`, extra);

/** A line's time, of klog (`I1127 23:05:01.5`, no year) or as logfmt has it (`time="2026-11-27T23:05:01Z"`), in UTC as a node's clock is. */
const between = (file: string, from: string, to: string): string =>
  [
    `awk -v year="$(date -u +%Y)" -v from="$(date -u -d "@${from}" +%FT%T)" -v to="$(date -u -d "@${to}" +%FT%T)" '`,
    'match($0, /^[IWEF][0-9][0-9][0-9][0-9] [0-9:]+/) { at = year "-" substr($0, 2, 2) "-" substr($0, 4, 2) "T" substr($0, 7, 8) }',
    'match($0, /time="[^"]+/) { at = substr($0, RSTART + 6, 19) }',
    `at >= from && at < to' ${file}`,
  ].join('\n');

/**
 * k3s where it is the program of a container, as `k3d cluster create` starts it: no systemd, no journal, no installer and none of its scripts. What
 * restarts k3s is the restart of its node: containers, the pods' network and everything under /run are gone with it.
 */
export const k3d: Distribution = {
  ...k3s,
  ...base,
  // By the number of the agent, from 0. (k3d, GenerateNodeName in pkg/client/cluster.go.)
  workerName: (worker) => `-agent-${worker - 1}`,
  runs: () => `pidof ${process}`,
  restart: () => restart,
  end: () => restart,
  kill: () => restart,
  restartStep: restartNode,
  logs: (component: Component, lines) =>
    component === 'runtime' ? `tail -n ${lines} ${data}/agent/containerd/containerd.log` : `tail -n ${lines} ${log}`,
  logsBetween: (component, from, to) =>
    component === 'runtime' ? k3s.logsBetween(component, from, to) : between(log, from, to),
  restoreNetwork: (on) => [linkPlugins(on), restartNode('restart the nodes: k3s writes the configuration', on, '')],
  restartControlPlane: restart,
  restartWorker: restart,
};
