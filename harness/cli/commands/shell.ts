import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { exitCodes, FiredrillError } from '../../model/errors.ts';
import { readRuns, type KeptCluster } from '../../registry/registry.ts';
import type { CommandContext } from '../context.ts';
import { findRun } from '../stored.ts';

/**
 * `shell [run]`: a shell with KUBECONFIG set to a kept cluster; the latest when no run is named. Without a terminal it
 * prints the line that sets it. Never touches ~/.kube/config.
 */
export async function shell(
  context: CommandContext,
  name: string | undefined,
  options: { readonly out: string; readonly print?: boolean },
): Promise<number> {
  const cluster = findKept(name, resolve(options.out));
  if (!existsSync(cluster.kubeconfig)) {
    throw new FiredrillError('environment', `the kubeconfig of ${cluster.name} is gone: ${cluster.kubeconfig}`, {
      hint: 'npm run firedrill -- clean --kept',
    });
  }
  if (options.print === true || !context.output.stdout.isTty || !process.stdin.isTTY) {
    context.output.result(`export KUBECONFIG='${cluster.kubeconfig.replace(/'/g, `'\\''`)}'`);
    return exitCodes.done;
  }
  context.output.tell(`KUBECONFIG is ${cluster.kubeconfig} (cluster ${cluster.name}); "exit" ends it.`);
  // From here Ctrl-C belongs to the shell.
  context.ignoreSignals();
  const child = spawn(context.env['SHELL'] ?? '/bin/sh', {
    stdio: 'inherit',
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
  });
  return new Promise<number>((done, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      done(code ?? exitCodes.done);
    });
  });
}

function findKept(name: string | undefined, out: string): KeptCluster {
  const kept = readRuns().runs.flatMap((run) => run.kept.map((cluster) => ({ run, cluster })));
  if (kept.length === 0) {
    throw new FiredrillError('usage', 'no cluster was kept', {
      hint: 'npm run scenario <scenario> -- --keep on-failure',
    });
  }
  if (name === undefined) return lastOf(kept).cluster;
  const direct = kept.filter(
    ({ run, cluster }) => cluster.name === name || run.runId === name || run.scenario === name,
  );
  if (direct.length > 0) return lastOf(direct).cluster;
  const runId = basename(findRun(name, out));
  const found = kept.filter(({ run }) => run.runId === runId);
  if (found.length > 0) return lastOf(found).cluster;
  throw new FiredrillError(
    'usage',
    `run ${runId} kept no cluster (kept: ${kept.map((k) => k.cluster.name).join(', ')})`,
    {
      hint: `npm run firedrill -- shell ${lastOf(kept).cluster.name}`,
    },
  );
}

function lastOf<T>(items: readonly T[]): T {
  const last = items.at(-1);
  if (last === undefined) throw new FiredrillError('internal', 'empty list');
  return last;
}
