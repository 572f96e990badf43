import { data, k3s } from '../../distributions/k3s.ts';
import { mustOnNode } from '../must.ts';
import type { Rest } from '../platform.ts';
import { shellScript } from '../shell.ts';

/** How long an agent that was started waits for its server at most, in seconds, before it goes on all the same. */
const patience = 50;

/**
 * k3s' database ends with k3s, and its unit starts at the next boot; an agent's waits until its server takes connections. Containers,
 * sandboxes and the addresses that they held are removed, so that the kubelet makes new ones with a restart count of 0. There are no
 * leases: SQLite has one server.
 */
const script = [
  shellScript('take-containers.sh', { ctr: k3s.commands.ctr }),
  `unit=${k3s.units('kubelet')}\n`,
  shellScript('k3s-rest.sh', { data, state: k3s.paths.runtime }),
].join('');

/** For an agent: its unit does not start at the next boot. */
const holdAgent = 'systemctl disable --quiet k3s-agent';

export const k3sRest: Rest = {
  scripts: `${script}${holdAgent}`,
  bring: async (cluster, signal) => {
    const [server, ...agents] = cluster.nodes;
    const on = (name: string) => mustOnNode(cluster, name, script, signal);
    await Promise.all(
      agents.map(async ({ name }) => {
        await on(name);
        await mustOnNode(cluster, name, holdAgent, signal);
      }),
    );
    if (server !== undefined) await on(server.name);
  },
  release: (role, apiAddress) =>
    role === 'control-plane'
      ? undefined
      : shellScript('until-listens.sh', { patience, api: apiAddress }) + shellScript('k3s-release-agent.sh'),
};
