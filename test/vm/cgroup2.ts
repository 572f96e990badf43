/**
 * What upstream's node image does on control groups of version 2, which most machines have, shown on one node of the strict image in a small virtual
 * machine: `npm run test:cgroup2`. Emulated processors are slow: what is shown is that things work, never how long they take.
 *
 * What runs on the node is what the harness runs there, imported from it. Each check can fail, and prints what was seen.
 * `node --import tsx test/vm/cgroup2.ts --only memory,snapshot` shows some of the parts only.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { untilTold } from '../../bench/support.ts';
import { dockerCli } from '../../harness/cluster/docker.ts';
import { clusterFacts } from '../../harness/cluster/facts.ts';
import { kubeadmPlatform } from '../../harness/cluster/kubeadm/platform.ts';
import { projectManifests } from '../../harness/cluster/manifests.ts';
import { runProcess } from '../../harness/cluster/process.ts';
import { findNode } from '../../harness/images/node-image.ts';
import { readDurations, writeDurations } from '../../harness/images/timings.ts';
import { worldOf } from '../../harness/images/world.ts';
import { FiredrillError, oneLine } from '../../harness/model/errors.ts';
import { profiles } from '../../harness/model/profile.ts';
import { seconds } from '../../harness/model/units.ts';
import { withLock } from '../../harness/host/lock.ts';
import { cacheDir } from '../../harness/host/folders.ts';
import { askDocker } from '../../harness/host/docker.ts';
import { ensureKind, ensureKubectl } from '../../harness/setup/kind.ts';
import { realRunner } from '../../harness/host/run.ts';
import { lastLine, progressLine, sayingChecks, type Part } from './checks.ts';
import { oneNode } from './cluster.ts';
import { kubeletOf, said, type Context } from './context.ts';
import { bootMachine, checkQemu, ensureDisk, type Machine } from './machine.ts';
import { deploy, memory } from './memory.ts';
import { firewall, snapshot } from './resting.ts';
import { slowly } from './slow.ts';
import {
  frozenPods,
  lookedAt,
  ownCheck,
  plainCommand,
  rebooting,
  shortCommands,
  waitedFor,
  withoutScript,
} from './starting.ts';

/** What cannot be shown here, said at the end of every run. */
const notShown = [
  'how long anything takes: processors are emulated',
  'three nodes: the parts of control plane and worker are played by one',
  'leases: whoever leads is told that he is alone, for he could not renew one in time',
  'eviction, and memory that the kubelet itself runs out of',
  'whole trials: samplers, k6 and reports are the same on every machine',
  'kindest/node as kind publishes it: the node is the one of `--images strict`',
];

/** What is shown on the cluster, in this order. */
const shown: readonly (Part & { readonly show: (context: Context) => Promise<void> })[] = [
  { id: 'wait', title: 'a start that is waited for', typicalS: 60, show: waitedFor },
  { id: 'plain', title: 'a start with a plain command there (control)', typicalS: 90, show: plainCommand },
  { id: 'short', title: 'a start with short plain commands (control)', typicalS: 90, show: shortCommands },
  { id: 'bare', title: "a start without the kubelet's script (control)", typicalS: 60, show: withoutScript },
  { id: 'looks', title: 'a start while the harness looks and types', typicalS: 60, show: lookedAt },
  { id: 'reboot', title: 'a node that starts itself again', typicalS: 120, show: rebooting },
  { id: 'frozen', title: 'a node with frozen pods', typicalS: 120, show: frozenPods },
  { id: 'firewall', title: "a worker's rest, and its firewall at the next start", typicalS: 240, show: firewall },
  { id: 'snapshot', title: 'a snapshot, made and restored', typicalS: 240, show: snapshot },
  { id: 'deploy', title: 'deploying the network and the database', typicalS: 180, show: deploy },
  { id: 'memory', title: 'the database is killed for memory', typicalS: 300, show: memory },
];
const before: readonly Part[] = [
  { id: 'root', title: "making the machine's root: Debian, its kernel, Docker", typicalS: 100 },
  { id: 'disk', title: 'putting it on a disk', typicalS: 20 },
  { id: 'load', title: 'loading the node image into its Docker', typicalS: 300 },
  { id: 'boot', title: 'starting the machine', typicalS: 60 },
  { id: 'check', title: "the kubelet's own check", typicalS: 10 },
  { id: 'cluster', title: 'a cluster of one node, by kind and kubeadm', typicalS: 240 },
];

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const only = values.only?.split(',');
const unknown = only?.find((id) => !shown.some((part) => part.id === id));
if (unknown !== undefined) {
  process.stderr.write(
    `firedrill: no part ${JSON.stringify(unknown)}: there are ${shown.map(({ id }) => id).join(', ')}\n`,
  );
  process.exit(2);
}
// The database has to be there to be killed.
const wanted = shown.filter(
  ({ id }) => only === undefined || only.includes(id) || (id === 'deploy' && only.includes('memory')),
);
const parts = [...before, ...wanted];

const signal = untilTold();
const { checks, check } = sayingChecks();
const run = slowly(runProcess);
const docker = dockerCli(run);

const cache = cacheDir();
const keyOf = (id: string): string => `cgroup2-${id}`;
const kept = await readDurations(cache);
const durations = Object.fromEntries(
  parts.map(({ id }) => [id, kept[keyOf(id)]]).filter((entry) => entry[1] !== undefined),
) as Record<string, number>;
const fresh: Record<string, number> = {};
let current: { readonly id: string; readonly from: number } | undefined;
/** Ends the part that goes on and begins another one. */
function begin(id: string | undefined): void {
  if (current !== undefined) fresh[keyOf(current.id)] = Math.round(performance.now() - current.from);
  current = id === undefined ? undefined : { id, from: performance.now() };
  if (id !== undefined) process.stderr.write(`${progressLine(parts, id, durations)}\n`);
}

/** Everything that is to be shown, on a machine that runs. What stops one part does not stop the others. */
async function show(
  machine: Machine,
  nodeImage: string,
  workDir: string,
  tools: { readonly kind: string; readonly kubectl: string },
): Promise<void> {
  const facts = await askDocker(realRunner, signal);
  check('the machine has control groups of version 2 only', facts?.cgroupVersion === '2', JSON.stringify(facts));
  const runId = `vm-${process.pid}`;
  const spec = {
    name: `firedrill-${runId}`,
    runId,
    nodeImage,
    workers: 0,
    workloadDir: join(projectManifests, 'resurrection'),
    profile: profiles.stock,
    kindBinary: tools.kind,
    kubectlBinary: tools.kubectl,
    workDir,
  };
  begin('check');
  await ownCheck({ docker, run, signal, check, spec });

  begin('cluster');
  const cluster = await oneNode(spec, { docker, run, forward: (port) => machine.forward(port) }, signal);
  const context: Context = { machine, cluster, spec, docker, run, signal, check };
  const nodes = await cluster.api.nodes({ timeoutMs: seconds(60), signal });
  const kubelet = await kubeletOf(context);
  check(
    'kind and kubeadm make a cluster of one node, and its API answers',
    nodes.length === 1 && kubelet.active,
    `${nodes.map(({ name, reason }) => `${name} ${reason}`).join()}; ${said(kubelet)}`,
  );
  const known = await clusterFacts(cluster, { spec, docker, run, platform: kubeadmPlatform });
  const told = ['cgroup', 'kernel', 'version.docker', 'version.containerd'].map((key) => `${key} ${known[key] ?? ''}`);
  check("a trial's record says v2", known['cgroup'] === 'v2', told.join(', '));

  for (const part of wanted) {
    begin(part.id);
    try {
      await part.show(context);
    } catch (error) {
      signal.throwIfAborted();
      machine.check();
      check(`${part.title}: to its end`, false, oneLine(error));
    }
  }
}

let workDir = '';
let machine: Machine | undefined;
let stopped = true;
try {
  await checkQemu(realRunner);
  const quiet = (): void => undefined;
  const image = await findNode(await worldOf({ mode: 'strict' }), 'strict', signal);
  if (image === undefined) {
    throw new FiredrillError('environment', 'there is no strict node image', {
      hint: 'npm run firedrill -- prepare --images strict',
    });
  }
  const tools = {
    kind: await ensureKind({}, quiet, signal),
    kubectl: await ensureKubectl(image.ref, {}, quiet, signal),
  };
  const id = await docker(['image', 'inspect', '-f', '{{.Id}}', image.ref], { signal });
  const making = { runner: realRunner, cacheDir: cache, image: { ref: image.ref, id } };
  const folder = await withLock(join(cache, 'machines.lock'), () => ensureDisk(making, begin, signal), {
    signal,
    onWait: (pid) => process.stderr.write(`process ${pid} is making the machine's disk: waiting\n`),
  });
  begin('boot');
  machine = await bootMachine(realRunner, { folder, keep: false }, { signal, timeoutMs: 900_000 });
  // All that is imported speaks to this Docker from now on.
  process.env['DOCKER_HOST'] = machine.dockerHost;
  workDir = await mkdtemp(join(tmpdir(), 'firedrill-cgroup2-'));
  await show(machine, image.ref, workDir, tools);
  stopped = false;
} catch (error) {
  const hint = error instanceof FiredrillError && error.hint !== undefined ? `  ->  ${error.hint}` : '';
  // All of it: it is the only trace of a machine that is gone.
  const why = error instanceof Error ? error.message : String(error);
  process.stderr.write(`firedrill: ${signal.aborted ? 'interrupted' : `${why}${hint}`}\n`);
} finally {
  begin(undefined);
  await machine?.stop();
  if (workDir !== '') await rm(workDir, { recursive: true, force: true });
  if (!stopped) await writeDurations(cache, { ...(await readDurations(cache)), ...fresh });
}
for (const what of notShown) process.stdout.write(`# not shown here: ${what}\n`);
process.stdout.write(`${lastLine(checks, stopped)}\n`);
const missing = stopped && checks.length === 0;
process.exitCode = signal.aborted ? 130 : missing ? 5 : stopped || checks.some(({ ok }) => !ok) ? 1 : 0;
