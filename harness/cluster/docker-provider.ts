import { dockerLeftovers } from './containers.ts';
import { dockerCli } from './docker.ts';
import { nodeLogs } from './logs.ts';
import type { ClusterDeps } from './new.ts';
import type { ClusterProvider } from './provider.ts';

/** Clusters in this machine's Docker, whoever makes their nodes (`platforms.ts`). What starts one is loaded when it is asked for: `clean` needs no Kubernetes client. */
export function dockerProvider(deps: ClusterDeps = {}): ClusterProvider {
  return {
    create: async (spec, signal) => await (await import('./create.ts')).createCluster(spec, deps, signal),
    restore: async (spec, snapshot, signal) =>
      await (await import('./snapshot/restore.ts')).restoreCluster(spec, snapshot, deps, signal),
    ...dockerLeftovers(dockerCli(deps.run)),
    logs: nodeLogs,
  };
}
