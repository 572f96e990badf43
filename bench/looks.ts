/**
 * What it costs to look into a node: `npm run bench looks`
 *
 * The same question, the uptime of a node, asked by a `docker exec` of its own and of a shell that stays in the node, in turns, in a
 * container of the node image. The CPU is the whole machine's (Docker's daemon, containerd and runc work for an exec, too), less what it
 * needs at rest. The figure to keep is the ratio.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { dockerCli, labels } from '../harness/cluster/docker.ts';
import { looksBy } from '../harness/cluster/looks.ts';
import { attachToNode, execInNode } from '../harness/cluster/nodes.ts';
import { ensureImages } from '../harness/images/ensure.ts';
import { ensureDocker } from '../harness/setup/docker.ts';
import { keep, median, say, table, untilTold } from './support.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, looks: { type: 'string', default: '30' } },
});
const [rounds, looks] = [Number(values.rounds), Number(values.looks)];
const question = 'ps -o etimes= -p 1';

/** CPU time that the whole machine has used, in milliseconds: user, nice, system, interrupts. */
async function machineCpuMs(): Promise<number> {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (await readFile('/proc/stat', 'utf8'))
    .split('\n', 1)[0]
    ?.split(/ +/)
    .map(Number) ?? [0];
  return (user + nice + system + irq + softirq) * 10;
}

async function cpuOf(work: () => Promise<void>): Promise<{ readonly cpuMs: number; readonly wallMs: number }> {
  const [cpu, wall] = [await machineCpuMs(), performance.now()];
  await work();
  return { cpuMs: (await machineCpuMs()) - cpu, wallMs: performance.now() - wall };
}

const signal = untilTold();
const quiet = (): void => undefined;
await ensureDocker({}, quiet, signal);
const { node: image } = await ensureImages({ mode: 'auto' }, quiet, signal);
const docker = dockerCli();
const own = ['--detach', '--rm', '--network', 'none', '--label', `${labels.run}=bench-looks-${process.pid}`];
const id = await docker(['run', ...own, '--entrypoint', 'sleep', image, '3600'], { signal });
try {
  const look = looksBy(attachToNode);
  const ask = {
    exec: () => execInNode(id, question, { signal }),
    look: () => look(id, question, { signal }),
  };
  const times = async (one: () => Promise<{ readonly exitCode: number }>): Promise<void> => {
    for (let i = 0; i < looks; i++) {
      const { exitCode } = await one();
      signal.throwIfAborted();
      if (exitCode !== 0) throw new Error(`the node does not answer (exit ${exitCode})`);
    }
  };
  await times(ask.exec);
  await times(ask.look);
  const found: {
    readonly execMs: number;
    readonly lookMs: number;
    readonly execWallMs: number;
    readonly lookWallMs: number;
  }[] = [];
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`);
    const rest = await cpuOf(() => new Promise((resolve) => setTimeout(resolve, 2000)));
    const each = async (one: () => Promise<{ readonly exitCode: number }>) => {
      const { cpuMs, wallMs } = await cpuOf(() => times(one));
      return { cpu: Math.max(0, cpuMs - (rest.cpuMs * wallMs) / rest.wallMs) / looks, wall: wallMs / looks };
    };
    const [exec, stay] = [await each(ask.exec), await each(ask.look)];
    found.push({ execMs: exec.cpu, lookMs: stay.cpu, execWallMs: exec.wall, lookWallMs: stay.wall });
  }
  const of = (key: keyof (typeof found)[number]) => median(found.map((round) => round[key]));
  const [execMs, lookMs] = [of('execMs'), of('lookMs')];
  process.stdout.write(
    `${table([
      ['by', 'CPU a look', 'answer after'],
      ['docker exec', `${execMs.toFixed(1)} ms`, `${of('execWallMs').toFixed(1)} ms`],
      ['a shell that stays', `${lookMs.toFixed(1)} ms`, `${of('lookWallMs').toFixed(1)} ms`],
      ['ratio', (execMs / lookMs).toFixed(1), (of('execWallMs') / of('lookWallMs')).toFixed(1)],
    ])}\n`,
  );
  await keep('looks', { looks, ratio: execMs / lookMs, found });
} finally {
  await docker(['rm', '-f', id]).catch(() => undefined);
}
