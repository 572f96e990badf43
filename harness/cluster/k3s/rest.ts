import { data, k3s } from '../../distributions/k3s.ts';
import { mustOnNode } from '../must.ts';
import type { Rest } from '../platform.ts';
import { shellScript } from '../shell.ts';

/**
 * k3s' database ends with k3s, and its unit starts at the next boot: nothing is held back. Containers, sandboxes and the addresses that they
 * held are removed, so that the kubelet makes new ones with a restart count of 0. There are no leases: SQLite has one server.
 */
const script = [
  shellScript('take-containers.sh', { ctr: k3s.commands.ctr }),
  `unit=${k3s.units('kubelet')}\n`,
  shellScript('k3s-rest.sh', { data, state: k3s.paths.runtime }),
].join('');

export const k3sRest: Rest = {
  scripts: script,
  bring: async (cluster, signal) => {
    const [server, ...agents] = cluster.nodes;
    const on = (name: string) => mustOnNode(cluster, name, script, signal);
    await Promise.all(agents.map(({ name }) => on(name)));
    if (server !== undefined) await on(server.name);
  },
  release: () => undefined,
};
