/**
 * What upstream's node image does on control groups of version 2, which most machines have, shown on one node of the strict image in a small virtual
 * machine: `npm run test:cgroup2`. Emulated processors are slow: what is shown is that things work, never how long they take.
 *
 * What runs on the node is what the harness runs there, imported from it. Each check can fail, and prints what was seen.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { awaitBoot } from '../../harness/cluster/boot.ts';
import { killNode, thaw } from '../../harness/cluster/containers.ts';
import { dockerCli } from '../../harness/cluster/docker.ts';
import { kindFacts } from '../../harness/cluster/facts.ts';
import { wrapped } from '../../harness/cluster/nodes.ts';
import { runProcess } from '../../harness/cluster/process.ts';
import { snapshotDisks } from '../../harness/cluster/snapshot/disks.ts';
import { freezeCluster } from '../../harness/cluster/snapshot/freeze.ts';
import { emptyNode, releaseWorker, stopKubelet } from '../../harness/cluster/snapshot/quiesce.ts';
import { kubeconfigAt, portsFor, startNodes } from '../../harness/cluster/snapshot/start.ts';
import { snapshotStore } from '../../harness/cluster/snapshot/store.ts';
import { memoryAvailable } from '../../harness/detectors/memory-available.ts';
import { nodeRebooted } from '../../harness/detectors/node-rebooted.ts';
import { oomKilled } from '../../harness/detectors/oom-killed.ts';
import { startClock } from '../../harness/engine/clock.ts';
import { Journal } from '../../harness/engine/journal.ts';
import { lookForFault, runSteps } from '../../harness/engine/steps.ts';
import { oomDatabase } from '../../harness/faults/oom-database.ts';
import { findNode } from '../../harness/images/node-image.ts';
import { readDurations, writeDurations } from '../../harness/images/timings.ts';
import { worldOf } from '../../harness/images/world.ts';
import { podsMemory } from '../../harness/model/commands.ts';
import type { Detector } from '../../harness/model/detector.ts';
import { FiredrillError, oneLine } from '../../harness/model/errors.ts';
import { profiles } from '../../harness/model/profile.ts';
import type { Step } from '../../harness/model/step.ts';
import { millis, seconds } from '../../harness/model/units.ts';
import { withLock } from '../../harness/registry/lock.ts';
import { cacheDir } from '../../harness/setup/cache.ts';
import { ensureKind, ensureKubectl } from '../../harness/setup/kind.ts';
import { askDocker } from '../../harness/setup/docker.ts';
import { realRunner } from '../../harness/setup/run.ts';
import { serverMiB, smallNode } from '../../scenarios/support/small-node.ts';
import { lastLine, progressLine, tapLines, type Check, type Part } from './checks.ts';
import { oneNode, untilOn, type OneNode } from './cluster.ts';
import { bootMachine, checkQemu, ensureDisk, type Machine } from './machine.ts';
import { patient, slowly } from './slow.ts';

/** What cannot be shown here, said at the end of every run. */
const notShown = [
  'how long anything takes: processors are emulated',
  'three nodes: the parts of control plane and worker are played by one',
  'eviction, and memory that the kubelet itself runs out of',
  'whole trials: samplers, k6 and reports are the same on every machine',
  'kindest/node as kind publishes it: the node is the one of `--images strict`',
];

const parts: readonly Part[] = [
  { id: 'vm-root', title: "making the machine's root: Debian, its kernel, Docker", typicalS: 100 },
  { id: 'vm-disk', title: 'putting it on a disk', typicalS: 20 },
  { id: 'vm-load', title: 'loading the node image into its Docker', typicalS: 420 },
  { id: 'vm-boot', title: 'starting the machine', typicalS: 60 },
  { id: 'vm-check', title: "the kubelet's own check", typicalS: 10 },
  { id: 'vm-cluster', title: 'a cluster of one node, by kind and kubeadm', typicalS: 240 },
  { id: 'vm-deploy', title: 'deploying the network and the database', typicalS: 120 },
  { id: 'vm-wait', title: 'a boot that is waited for', typicalS: 60 },
  { id: 'vm-plain', title: 'a boot while a command of old sits in the root group (control)', typicalS: 90 },
  { id: 'vm-short', title: 'a boot while short commands of old come all the time (control)', typicalS: 90 },
  { id: 'vm-bare', title: "a boot without the kubelet's script (control)", typicalS: 60 },
  { id: 'vm-looks', title: 'a boot while the harness looks and types', typicalS: 60 },
  { id: 'vm-self', title: 'a node that starts itself again, and the alarm that looks at it', typicalS: 90 },
  { id: 'vm-frozen', title: 'a node with frozen processes', typicalS: 60 },
  { id: 'vm-memory', title: 'the database is killed for memory', typicalS: 240 },
  { id: 'vm-snapshot', title: 'a snapshot, made and restored', typicalS: 300 },
  { id: 'vm-firewall', title: "a worker's rest, and its firewall at the next start", typicalS: 180 },
];

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    stop.abort(new Error('interrupted'));
  });
}
const { signal } = stop;
const checks: Check[] = [];
const runId = `vm-${process.pid}`;
const run = slowly(runProcess);
const docker = dockerCli(run);

/** A check is said as soon as it is made: a run that stops later has shown it. */
function check(name: string, ok: boolean, seen: string): void {
  checks.push({ name, ok, seen });
  process.stdout.write(`${tapLines({ name, ok, seen }, checks.length).join('\n')}\n`);
}

const cache = cacheDir();
const durations = await readDurations(cache);
const fresh: Record<string, number> = {};
let current: { readonly id: string; readonly from: number } | undefined;
/** Ends the part that runs and begins another one. */
function begin(id: string | undefined): void {
  if (current !== undefined) fresh[current.id] = Math.round(performance.now() - current.from);
  current = id === undefined ? undefined : { id, from: performance.now() };
  if (id !== undefined) process.stderr.write(`${progressLine(parts, id, durations)}\n`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until it is so; false when it has not become so in time. */
async function becomes(ask: () => Promise<boolean>, withinS: number): Promise<boolean> {
  for (const end = performance.now() + withinS * 1000; ;) {
    signal.throwIfAborted();
    if (await ask()) return true;
    if (performance.now() > end) return false;
    await pause(1000);
  }
}

/** What the node's kubelet has been through since the node was started. */
interface Kubelet {
  readonly active: boolean;
  /** How often its own check has found a process in the root group. */
  readonly refused: number;
}

async function kubeletOf(cluster: OneNode): Promise<Kubelet> {
  const asked = await cluster.exec(
    cluster.node,
    [
      'systemctl is-active kubelet || true',
      // The journal may be older than this start.
      'journalctl -q --no-pager -o cat -u kubelet --since "-$(ps -o etimes= -p 1 | tr -d " ") seconds" | grep -c "processes are in the root cgroup" || true',
    ].join('\n'),
    { timeoutMs: seconds(20), signal },
  );
  const [state = '', refused = ''] = asked.stdout.trim().split('\n');
  return { active: state === 'active', refused: refused === '' ? Number.NaN : Number(refused) };
}
const said = ({ active, refused }: Kubelet): string =>
  `kubelet ${active ? 'runs' : 'does not run'}, refused ${refused} times`;
const runs = (cluster: OneNode, withinS: number): Promise<boolean> =>
  becomes(async () => (await kubeletOf(cluster)).active, withinS);

/** Switches the node off and on; resolves as soon as Docker was asked to, with the instant before. */
async function powerCycle(cluster: OneNode, arrive: () => void = () => undefined): Promise<number> {
  await cluster.powerOff(cluster.node, { signal });
  const since = Date.now();
  const started = docker(['start', cluster.node], { signal });
  arrive();
  await started;
  return since;
}

/** Runs a command as a plain `docker exec`, from the first moment in which Docker takes one, until told to end. */
function heldOpen(node: string): () => void {
  let over = false;
  let child: ReturnType<typeof spawn> | undefined;
  const again = (): void => {
    if (over) return;
    child = spawn('docker', ['exec', '-i', node, 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
    child.once('exit', () => setTimeout(again, 50));
  };
  again();
  return () => {
    over = true;
    child?.stdin?.end();
  };
}

const awaitUp = (cluster: OneNode, since: number): Promise<void> =>
  awaitBoot(docker, cluster.node, since, { signal, timeoutMs: 300_000 });

/** Watches by a detector until it has fired; the text of its alert, or what it said else. */
async function fires(
  detector: Detector,
  cluster: OneNode,
  withinS: number,
  meanwhile: () => Promise<void>,
): Promise<string | undefined> {
  const own = new AbortController();
  const clock = startClock();
  const context = { cluster, signal: own.signal, now: () => clock.now(), samples: async function* () {} };
  let ready: () => void = () => undefined;
  const watching = new Promise<void>((resolve) => (ready = resolve));
  const fired = (async () => {
    for await (const reading of detector.watch(context, profiles.fast)) {
      if (reading.state === 'quiet') ready();
      if (reading.state === 'firing') return reading.what;
    }
    return undefined;
  })();
  const timer = setTimeout(() => {
    own.abort();
  }, withinS * 1000);
  try {
    await Promise.race([watching, fired]);
    await meanwhile();
    return await fired;
  } finally {
    clearTimeout(timer);
    own.abort();
  }
}

/** Everything that is to be shown, on a machine that runs. */
async function show(
  machine: Machine,
  image: string,
  workDir: string,
  tools: { readonly kind: string; readonly kubectl: string },
): Promise<void> {
  const facts = await askDocker({ ...realRunner });
  check('the machine has control groups of version 2 only', facts?.cgroupVersion === '2', JSON.stringify(facts));

  begin('vm-check');
  // In a container without systemd, whatever is started is in the root group.
  const alone = [
    'run',
    '--rm',
    '--privileged',
    '--cgroupns=private',
    '--network=none',
    '--entrypoint',
    'sh',
    image,
    '-c',
  ];
  const script = '/kind/bin/kubelet-cgroup-v2';
  const refused = await run('docker', [...alone, `${script}; echo "exit $?"`], { signal, timeoutMs: 60_000 });
  check(
    "the kubelet's check refuses while a process is in the root group",
    /exit 1/.test(refused.stdout),
    `${refused.stdout} ${refused.stderr}`,
  );
  const below = `mkdir /sys/fs/cgroup/below && echo $$ > /sys/fs/cgroup/below/cgroup.procs && ${script}; echo "exit $? $(cat /sys/fs/cgroup/kubelet.slice/cgroup.subtree_control)"`;
  const passed = await run('docker', [...alone, below], { signal, timeoutMs: 60_000 });
  check(
    '... and passes when all are below it',
    /exit 0 .*memory/.test(passed.stdout),
    `${passed.stdout} ${passed.stderr}`,
  );
  const mover = wrapped('cat /proc/self/cgroup');
  const moved = await run('docker', [...alone.slice(0, -2), image, ...mover.slice(1)], { signal, timeoutMs: 60_000 });
  check(
    'a command of the harness leaves the root group by itself',
    moved.stdout.trim() === '0::/firedrill',
    `${moved.stdout} ${moved.stderr}`,
  );

  begin('vm-cluster');
  const spec = {
    name: `firedrill-${runId}`,
    runId,
    nodeImage: image,
    workers: 0,
    workloadDir: fileURLToPath(new URL('../../manifests/resurrection', import.meta.url)),
    profile: profiles.stock,
    kindBinary: tools.kind,
    kubectlBinary: tools.kubectl,
    workDir,
  };
  const cluster = await oneNode(spec, { docker, run, forward: machine.forward }, signal);
  const nodes = await cluster.api.nodes({ timeoutMs: seconds(60), signal });
  const first = await kubeletOf(cluster);
  check(
    'kubeadm makes a cluster of one node as kind asks for it, and its API answers',
    nodes.length === 1 && first.active,
    `${nodes.map(({ name, reason }) => `${name} ${reason}`).join()}; ${said(first)}`,
  );
  const known = await kindFacts(cluster, { spec, docker, run });
  check(
    "a trial's record says v2",
    known['cgroup'] === 'v2',
    `cgroup ${known['cgroup'] ?? ''}, kernel ${known['kernel'] ?? ''}, Docker ${known['version.docker'] ?? ''}, containerd ${known['version.containerd'] ?? ''}`,
  );

  begin('vm-deploy');
  const until = (command: string, timeoutMs = 900_000): Promise<void> =>
    untilOn(cluster, command, { timeoutMs, signal });
  await until('kubectl apply -f "$MANIFESTS/flannel.yaml"');
  await until('kubectl wait --for=condition=Ready nodes --all --timeout=30s');
  await until('kubectl apply -f "$MANIFESTS/workload/00-namespaces.yaml" -f "$MANIFESTS/workload/20-chromadb.yaml"');
  await until('kubectl -n chromadb rollout status statefulset chromadb --timeout=30s');
  check(
    'pods get a network, and the database runs',
    true,
    (await cluster.workstation('kubectl get pods -A --no-headers | awk \'{ print $2, $4 }\' | tr "\\n" ";"')).stdout,
  );

  begin('vm-wait');
  await awaitUp(cluster, await powerCycle(cluster));
  await runs(cluster, 60);
  const waited = await kubeletOf(cluster);
  check(
    'after a start that the harness has waited for, the kubelet starts the first time',
    waited.active && waited.refused === 0,
    said(waited),
  );

  begin('vm-plain');
  let release: () => void = () => undefined;
  await awaitUp(
    cluster,
    await powerCycle(cluster, () => {
      release = heldOpen(cluster.node);
    }),
  );
  const group = await run('docker', ['exec', cluster.node, 'sh', '-c', 'cat /proc/$(pgrep -x -o cat)/cgroup'], {
    signal,
    timeoutMs: 20_000,
  });
  await pause(20_000);
  const blocked = await kubeletOf(cluster);
  check(
    'control: a plain command that comes early sits in the root group, and the kubelet never starts',
    !blocked.active && blocked.refused >= 2,
    `in ${group.stdout.trim()}; ${said(blocked)}`,
  );
  release();
  const freed = await runs(cluster, 60);
  check('... and starts by itself when the command has ended', freed, said(await kubeletOf(cluster)));

  begin('vm-short');
  const typing = new AbortController();
  let typed = 0;
  let typist: Promise<void> = Promise.resolve();
  const cycled = await powerCycle(cluster, () => {
    typist = (async () => {
      while (!typing.signal.aborted) {
        const one = await run('docker', ['exec', cluster.node, 'true'], { timeoutMs: 10_000 });
        if (one.exitCode === 0) typed += 1;
      }
    })();
  });
  await awaitUp(cluster, cycled);
  await pause(20_000);
  const during = await kubeletOf(cluster);
  typing.abort();
  await typist;
  const afterwards = await runs(cluster, 60);
  check(
    'control: plain commands that end at once, one after the other, only put the kubelet off',
    afterwards,
    `${typed} commands; ${said(during)} 20 s after the boot, then ${said(await kubeletOf(cluster))}`,
  );

  begin('vm-bare');
  const dropIn = '/etc/systemd/system/kubelet.service.d/11-kind.conf';
  await cluster.exec(cluster.node, `mv ${dropIn} /root/; sync`, { timeoutMs: seconds(20), signal });
  await awaitUp(cluster, await powerCycle(cluster));
  const complains =
    "journalctl -q --no-pager -o cat -u kubelet --since \"-$(ps -o etimes= -p 1 | tr -d ' ') seconds\" | grep -o 'missing controllers: [a-z, ]*' | tail -n 1";
  let complaint = '';
  await becomes(async () => {
    complaint = (await cluster.exec(cluster.node, complains, { timeoutMs: seconds(20), signal })).stdout.trim();
    return complaint !== '';
  }, 60);
  check(
    "control: without the script that kind's node has the kubelet misses controllers (so our own node has it, too)",
    complaint !== '',
    complaint,
  );
  await cluster.exec(cluster.node, `mv /root/11-kind.conf ${dropIn}; sync`, { timeoutMs: seconds(20), signal });

  begin('vm-looks');
  const looking = new AbortController();
  let answers = 0;
  const commands: Promise<unknown>[] = [];
  const since = await powerCycle(cluster, () => {
    const again = async (ask: () => Promise<{ readonly exitCode: number }>): Promise<void> => {
      while (!looking.signal.aborted) {
        if ((await ask()).exitCode === 0) answers += 1;
        await pause(300);
      }
    };
    commands.push(again(() => cluster.look(cluster.node, 'true', { signal: looking.signal, timeoutMs: seconds(30) })));
    commands.push(again(() => cluster.exec(cluster.node, 'true', { timeoutMs: seconds(5) })));
  });
  await awaitUp(cluster, since);
  const came = await runs(cluster, 60);
  const seen = await kubeletOf(cluster);
  const before = answers;
  looking.abort();
  await Promise.all(commands);
  check(
    'while the harness looks and types from the first moment on, the kubelet starts',
    came && before > 0,
    `${before} answers; ${said(seen)}`,
  );

  begin('vm-self');
  await cluster.onPanic(cluster.node, 'reboot', { signal });
  const rebootedAt = Date.now();
  const alert = await fires(nodeRebooted(), cluster, 600, async () => {
    await cluster.exec(cluster.node, 'sync; systemctl reboot -ff', { timeoutMs: seconds(20) });
  });
  await awaitUp(cluster, rebootedAt);
  const back = await runs(cluster, 60);
  check(
    'a node that starts itself again is seen by the alarm that looks at it all the time',
    /^rebooted/.test(alert ?? ''),
    alert ?? 'no alert',
  );
  check('... and its kubelet starts', back, said(await kubeletOf(cluster)));
  await cluster.onPanic(cluster.node, 'halt', { signal });
  await cluster.reboot(cluster.node, { signal, timeoutMs: millis(600_000) });
  check(
    'a reboot by the harness ends with a node that answers, on which the kubelet starts',
    await runs(cluster, 60),
    said(await kubeletOf(cluster)),
  );
  await until('kubectl get --raw /readyz');
  await until('kubectl -n chromadb rollout status statefulset chromadb --timeout=30s');

  begin('vm-frozen');
  const pods = '/sys/fs/cgroup/kubelet.slice/kubelet-kubepods.slice';
  const frozen = `grep -o "frozen [01]" ${pods}/cgroup.events`;
  const freeze = `echo 1 > ${pods}/cgroup.freeze; for _ in $(seq 50); do ${frozen} | grep -q 1 && break; sleep 0.2; done; ${frozen}`;
  const iced = await cluster.exec(cluster.node, freeze, { timeoutMs: seconds(30), signal });
  await thaw(docker, [await docker(['inspect', '-f', '{{.Id}}', cluster.node], { signal })], signal);
  const thawed = await cluster.exec(cluster.node, `sleep 1; ${frozen}`, { timeoutMs: seconds(30), signal });
  check(
    'what is frozen in a node is found and thawed from outside',
    iced.stdout.trim() === 'frozen 1' && thawed.stdout.trim() === 'frozen 0',
    `${iced.stdout} ${iced.stderr}, then ${thawed.stdout} ${thawed.stderr}`,
  );
  const again = await cluster.exec(cluster.node, freeze, { timeoutMs: seconds(30), signal });
  await killNode(docker, cluster.node, { signal, timeoutMs: 60_000 });
  const left = await docker(['inspect', '-f', '{{.State.Status}}', cluster.node], { signal });
  check(
    'a node with frozen pods can be switched off',
    again.stdout.trim() === 'frozen 1' && left === 'exited',
    `${again.stdout}, then ${left}`,
  );
  await cluster.reboot(cluster.node, { signal, timeoutMs: millis(600_000) });
  await until('kubectl get --raw /readyz');
  await until('kubectl -n chromadb rollout status statefulset chromadb --timeout=30s');

  begin('vm-memory');
  await memory(cluster, workDir, until);

  begin('vm-snapshot');
  const restored = await snapshot(cluster, spec, machine, until);

  begin('vm-firewall');
  await firewall(restored);
}

/** The out-of-memory path of scenario `oom-database`: its set-up, its fault, its witness and its alarms. */
async function memory(cluster: OneNode, workDir: string, until: (command: string) => Promise<void>): Promise<void> {
  const clock = startClock();
  const journal = new Journal(join(workDir, 'events.jsonl'), clock);
  const context = { cluster, journal, clock, signal };
  const failed = (): string =>
    journal.events
      .flatMap((event) =>
        event.type === 'step' && event.state === 'failed' ? [`${event.name}: ${event.output ?? ''}`] : [],
      )
      .join('; ');
  const all = (part: 'setup' | 'prepare' | 'inject' | 'undo', steps: readonly Step[]): Promise<boolean> =>
    runSteps(context, part, steps.map(patient));
  const show = `${podsMemory}\necho "$group $limit $used $cache $available"`;

  const made = await all('setup', smallNode);
  const small = await cluster.exec(cluster.node, show, { timeoutMs: seconds(20), signal });
  const [group = '', limit = '', used = '', fileCache = '', available = ''] = small.stdout.trim().split(' ');
  check(
    "the kubelet's limit of all pods is found and is the node's 768 MiB",
    made && group === '/sys/fs/cgroup/kubelet.slice/kubelet-kubepods.slice' && Number(limit) === 768 * 2 ** 20,
    `${small.stdout} ${small.stderr} ${failed()}`,
  );
  check(
    '... and what is used and available of it',
    Number(used) > 0 && Number(fileCache) >= 0 && Number(available) > 0 && Number(available) <= Number(limit),
    `used ${used}, files ${fileCache}, available ${available}`,
  );
  if (!made) return;

  const fault = oomDatabase({ worker: 2, serverMiB });
  const prepared = await all('prepare', fault.prepare);
  let injected = false;
  let memoryAlert: string | undefined;
  const killAlert = await fires(oomKilled(), cluster, 300, async () => {
    memoryAlert = await fires(memoryAvailable({ underPercent: 25 }), cluster, 300, async () => {
      injected = await all('inject', fault.inject);
    });
  });
  let evidence: readonly string[] = [];
  const witnessed = await becomes(async () => {
    const found = await lookForFault(cluster, fault.witness, signal);
    evidence = found.evidence;
    return found.confirmed;
  }, 300);
  check(
    'the fault of oom-database is prepared and injected',
    prepared && injected,
    `${journal.events.map((event) => (event.type === 'step' && event.part === 'prepare' && event.state === 'done' ? (event.output ?? '') : '')).join(' ')} ${failed()}`,
  );
  check("its witness reads the kernel's log and the group of all pods", witnessed, evidence.join('; '));
  const events = await cluster.exec(
    cluster.node,
    'grep -E "oom(_kill)? " /sys/fs/cgroup/kubelet.slice/kubelet-kubepods.slice/memory.events',
    { timeoutMs: seconds(20), signal },
  );
  check(
    'memory.events of all pods counts the kill',
    /oom_kill [1-9]/.test(events.stdout),
    `${events.stdout} ${events.stderr}`,
  );
  check('alarm memory-available fires', /available/.test(memoryAlert ?? ''), memoryAlert ?? 'no alert');
  check(
    'alarm oom-killed fires and names the database alone',
    /^OOMKilled: chromadb\/chromadb-0\/chromadb$/.test(killAlert ?? ''),
    killAlert ?? 'no alert',
  );
  check('the undo gives the memory back', await all('undo', fault.undo), failed());
  await until('kubectl -n chromadb rollout status statefulset chromadb --timeout=30s');
  await until('kubectl delete namespace unused --timeout=60s');
  journal.close();
}

/** A snapshot of the cluster by the code that makes one, and the node that is started of it. */
async function snapshot(
  cluster: OneNode,
  spec: Parameters<typeof freezeCluster>[1]['spec'] & { readonly nodeImage: string },
  machine: Machine,
  until: (command: string) => Promise<void>,
): Promise<OneNode> {
  const disks = snapshotDisks(docker, spec.nodeImage);
  const taken = await freezeCluster(cluster, { key: runId, spec, subnet: cluster.net.subnet, docker, disks }, signal);
  await snapshotStore(docker, disks).publish(taken, signal);
  await docker(['rm', '-f', '-v', cluster.node], { signal });
  const ports = await portsFor(taken);
  for (const port of Object.values(ports)) await machine.forward(port);
  const began = Math.floor(Date.now() / 1000);
  await startNodes(
    taken,
    { cluster, spec, prepared: Promise.resolve({ net: cluster.net }), ports, docker, disks },
    signal,
  );
  await writeFile(cluster.kubeconfig, kubeconfigAt(taken, ports), { mode: 0o600 });
  await until('kubectl get --raw /readyz');
  const kubelet = await kubeletOf(cluster);
  check(
    'a node that is restored from a snapshot starts its kubelet the first time, and its API answers',
    kubelet.active && kubelet.refused === 0,
    said(kubelet),
  );
  await until('kubectl -n chromadb rollout status statefulset chromadb --timeout=30s');
  const ask = `crictl pods -o json | jq -r '.items[] | "\\(.state) \\(.metadata.attempt) \\((.createdAt | tonumber) / 1000000000 | floor >= ${began - 2}) \\(.metadata.name)"'`;
  const sandboxes = (await cluster.exec(cluster.node, ask, { timeoutMs: seconds(30), signal })).stdout
    .trim()
    .split('\n');
  check(
    'every sandbox there was made after the start, at the first attempt: the old ones are forgotten',
    sandboxes.length >= 6 && sandboxes.every((line) => line.startsWith('SANDBOX_READY 0 true ')),
    sandboxes.join('; '),
  );
  return cluster;
}

/** A worker's way to rest, and what of its firewall is there after the next start. */
async function firewall(cluster: OneNode): Promise<void> {
  const { node } = cluster;
  const on = async (command: string, timeoutS = 60): Promise<string> => {
    const { exitCode, stdout, stderr } = await cluster.exec(node, command, { timeoutMs: seconds(timeoutS), signal });
    if (exitCode !== 0) throw new FiredrillError('environment', `in the node: ${oneLine(stderr)}`);
    return stdout.trim();
  };
  await on(stopKubelet);
  await on(emptyNode('worker'), 120);
  const sandboxes = await on(
    'systemctl start containerd; ctr -n k8s.io sandboxes ls | tail -n +2; ctr -n k8s.io containers ls -q; systemctl stop containerd',
  );
  check(
    'a worker that was brought to rest has no sandbox and no container',
    sandboxes === '',
    sandboxes === '' ? 'none, also after containerd was started again' : sandboxes,
  );
  const kept = '/var/lib/kubelet/service-rules';
  const count = "iptables-save -t nat | grep -c 'default/kubernetes' || true";

  // An early command, at the one moment in which it matters: when the entrypoint has read the tables and not yet written them back. It is held
  // there, for the moment is short.
  await on(`cp ${kept} /root/early`);
  const early = [
    'until pgrep -x sed >/dev/null; do :; done',
    'pkill -STOP -x sed',
    'sleep 1',
    'iptables-restore --noflush < /root/early',
    `echo "$(${count}) rules before"`,
    'pkill -CONT -x sed',
  ].join('\n');
  let typed: Promise<string> = Promise.resolve('');
  let since = await powerCycle(cluster, () => {
    typed = (async () => {
      for (let tries = 0; tries < 100; tries++) {
        const result = await run('docker', ['exec', node, 'sh', '-c', early], { signal, timeoutMs: 30_000 });
        if (result.stdout.includes('rules before')) return result.stdout.trim();
        await pause(20);
      }
      return 'too late';
    })();
  });
  await awaitUp(cluster, since);
  const put = await typed;
  const after = await on(count);
  check(
    'control: rules that are put back while the entrypoint saves and restores all tables are lost',
    /^[1-9]\d* rules before$/.test(put) && after === '0',
    `${put}, ${after} after it`,
  );

  since = await powerCycle(cluster);
  await awaitUp(cluster, since);
  await on(releaseWorker(cluster.nodes[0]?.address ?? ''), 180);
  const there = await on(`${count}; ps -o comm= -p 1; ls /sys/fs/cgroup/devices 2>/dev/null || echo "no v1 groups"`);
  check(
    "a worker's release after the boot puts them back, and they stay when the entrypoint has ended",
    /^[1-9]\d*\nsystemd\nno v1 groups$/.test(there),
    there,
  );
  check('... and lets the kubelet go', await runs(cluster, 60), said(await kubeletOf(cluster)));
}

let workDir = '';
let machine: Machine | undefined;
let stopped: string | undefined;
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
  const folder = await withLock(
    join(cache, 'machines.lock'),
    () =>
      ensureDisk(
        making,
        (step) => {
          begin(`vm-${step}`);
        },
        signal,
      ),
    {
      signal,
      onWait: (pid) => process.stderr.write(`process ${pid} is making the machine's disk: waiting\n`),
    },
  );
  begin('vm-boot');
  machine = await bootMachine(realRunner, { folder, keep: false }, { signal, timeoutMs: 600_000 });
  // All that is imported speaks to this Docker from now on.
  process.env['DOCKER_HOST'] = machine.dockerHost;
  workDir = await mkdtemp(join(tmpdir(), 'firedrill-cgroup2-'));
  await show(machine, image.ref, workDir, tools);
} catch (error) {
  // All of it: it is the only trace of a machine that is gone.
  stopped = error instanceof Error ? error.message : String(error);
  const hint = error instanceof FiredrillError && error.hint !== undefined ? `  ->  ${error.hint}` : '';
  process.stderr.write(`firedrill: ${signal.aborted ? 'interrupted' : stopped}${hint}\n`);
} finally {
  begin(undefined);
  await machine?.stop();
  if (workDir !== '') await rm(workDir, { recursive: true, force: true });
  if (stopped === undefined) await writeDurations(cache, { ...(await readDurations(cache)), ...fresh });
}
for (const what of notShown) process.stdout.write(`# not shown here: ${what}\n`);
process.stdout.write(`${lastLine(checks, stopped !== undefined)}\n`);
process.exitCode = signal.aborted
  ? 130
  : stopped !== undefined && checks.length === 0
    ? 5
    : checks.some((one) => !one.ok) || stopped !== undefined
      ? 1
      : 0;
