import type { Cluster } from '../../model/cluster.ts';
import { data, k3s } from '../../distributions/k3s.ts';
import { mustOnNode } from '../must.ts';
import type { Rest } from '../platform.ts';
import { shellScript } from '../shell.ts';

/** How long an agent that was started waits for its server at most, in seconds, before it goes on all the same. */
const patience = 50;

/**
 * Brings a cluster to rest by a script for its nodes, the agents first. Containers, sandboxes and the addresses that they held are removed, so that
 * the kubelet makes new ones with a restart count of 0. k3s' database ends with k3s. There are no leases: SQLite has one server.
 * @param hold what is typed on each agent besides, so that it does not start before it is let go
 */
export const bringToRest =
  (script: string, hold?: string): Rest['bring'] =>
  async (cluster: Pick<Cluster, 'nodes' | 'exec'>, signal) => {
    const [server, ...agents] = cluster.nodes;
    const on = (name: string, command: string) => mustOnNode(cluster, name, command, signal);
    await Promise.all(
      agents.map(async ({ name }) => {
        await on(name, script);
        if (hold !== undefined) await on(name, hold);
      }),
    );
    if (server !== undefined) await on(server.name, script);
  };

const script = [
  shellScript('take-containers.sh', { ctr: k3s.commands.ctr }),
  `stop_k3s() { systemctl stop ${k3s.units('kubelet')}; }\n`,
  shellScript('k3s-rest.sh', { data, state: k3s.paths.runtime }),
].join('');

/** For an agent: its unit does not start at the next boot. */
const holdAgent = 'systemctl disable --quiet k3s-agent';

/** Of k3s as a unit: a server's starts at the next boot, an agent's waits until its server takes connections. */
export const k3sRest: Rest = {
  scripts: `${script}${holdAgent}`,
  bring: bringToRest(script, holdAgent),
  release: (role, apiAddress) =>
    role === 'control-plane'
      ? undefined
      : shellScript('until-listens.sh', { patience, api: apiAddress }) + shellScript('k3s-release-agent.sh'),
};
