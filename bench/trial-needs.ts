/**
 * What a trial takes of memory at most, beside what `run` asks for beforehand: `npm run bench trial-needs -- [<scenario> ...]`
 *
 * One trial of each on a cluster by kind, which takes more than a restored one. Counted is what is the trial's own, so that little else on the
 * machine matters: its containers without the page cache that the kernel may take back, as `docker stats` tells it, and firedrill's own processes.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadScenario } from '../harness/cli/load.ts';
import { dockerCli, labels, linesOf } from '../harness/cluster/docker.ts';
import { needOf } from '../harness/engine/estimate.ts';
import { exitCodes } from '../harness/model/errors.ts';
import { realRunner } from '../harness/host/run.ts';
import { inFolder, keep, memoryOf, say, table } from './support.ts';

const asked = process.argv.slice(2);
const ids = asked.length > 0 ? asked : ['cni-wipe', 'oom-database', 'replica-deadlock', 'simultaneous-reboot'];
const firedrill = fileURLToPath(new URL('../bin/firedrill.mjs', import.meta.url));
const docker = dockerCli();
/** Told to end with this process, and to take down what it made. */
let running: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => running?.kill('SIGINT'));

/** Memory of a session's processes, MiB: what several share is counted once. */
async function ownMiB(session: number): Promise<number> {
  const { stdout } = await realRunner.run('ps', ['-o', 'pss=', '-s', String(session)]);
  return linesOf(stdout).reduce((sum, line) => sum + Number(line) / 1024, 0);
}

/** The most that one trial takes, MiB: its containers, and firedrill beside them. */
async function measure(id: string): Promise<{ readonly containersMiB: number; readonly firedrillMiB: number }> {
  const most = { containers: 0, firedrill: 0 };
  await inFolder(async (dir) => {
    const flags = ['--runbook', 'wait', '--fresh', '--horizon', '110s', '--out', dir, '--reporter', 'plain'];
    // A session of its own, by which its processes are found.
    const run = spawn(process.execPath, [firedrill, 'run', id, ...flags], {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    running = run;
    while (run.exitCode === null && run.signalCode === null) {
      const [runId] = await readdir(join(dir, id)).catch(() => []);
      const own = ['ps', '-q', '--filter', `label=${labels.run}=${runId ?? ''}`];
      const names = runId === undefined ? [] : linesOf(await docker(own));
      // One that is taken away meanwhile has no memory to tell, or makes Docker tell nothing.
      const containers = names.length === 0 ? 0 : await memoryOf(docker, names).catch(() => 0);
      if (Number.isFinite(containers)) most.containers = Math.max(most.containers, containers);
      most.firedrill = Math.max(most.firedrill, await ownMiB(run.pid ?? 0));
      await sleep(500);
    }
    running = undefined;
    if (run.exitCode !== exitCodes.done && run.exitCode !== exitCodes.notRecovered)
      throw new Error(`${id} ended with ${String(run.exitCode)}: nothing was measured`);
  });
  return { containersMiB: Math.round(most.containers), firedrillMiB: Math.round(most.firedrill) };
}

const found = [];
const asks: number[] = [];
for (const id of ids) {
  const scenario = await loadScenario(id);
  asks.push((await needOf(id, scenario)).memoryBytes / 2 ** 20);
  found.push({ id, nodes: scenario.cluster.workers + 1, ...(await measure(id)) });
  say(JSON.stringify(found.at(-1)));
}
process.stdout.write(
  `${table([
    ['scenario', 'nodes', 'containers', 'firedrill', 'asked for'],
    ...found.map((one, i) => [
      ...[one.id, String(one.nodes)],
      ...[one.containersMiB, one.firedrillMiB, asks[i] ?? Number.NaN].map((mebibytes) => `${mebibytes.toFixed(0)} MiB`),
    ]),
  ])}\n`,
);
await keep('trial-needs', { found });
