import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { killNode, thaw } from '../../harness/cluster/containers.ts';
import { wrapped } from '../../harness/cluster/nodes.ts';
import { sleep } from '../../harness/host/time.ts';
import { nodeRebooted } from '../../harness/detectors/node-rebooted.ts';
import { millis, seconds } from '../../harness/model/units.ts';
import { awaitUp, becomes, fires, kubeletOf, onNode, powerCycle, runs, said, sinceStart, until } from './context.ts';
import type { Context, Kubelet } from './context.ts';

/** The kubelet's own check, in containers without systemd: whatever is started there is in the root group. */
export async function ownCheck({ run, signal, check, spec }: Omit<Context, 'cluster' | 'machine'>): Promise<void> {
  const alone = [
    'run',
    '--rm',
    '--privileged',
    '--cgroupns=private',
    '--network=none',
    '--entrypoint',
    'sh',
    spec.nodeImage,
  ];
  const sh = async (...command: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await run('docker', [...alone, ...command], { signal, timeoutMs: 60_000 });
    return `${stdout.trim()} ${stderr.trim()}`;
  };
  const script = '/kind/bin/kubelet-cgroup-v2';
  const refused = await sh('-c', `${script}; echo "exit $?"`);
  check("the kubelet's check refuses while a process is in the root group", refused.startsWith('exit 1'), refused);
  const below = [
    'mkdir /sys/fs/cgroup/below',
    'echo $$ > /sys/fs/cgroup/below/cgroup.procs',
    script,
    'echo "exit $? $(cat /sys/fs/cgroup/kubelet.slice/cgroup.subtree_control)"',
  ];
  const passed = await sh('-c', below.join('\n'));
  check('... and passes when all are below it', /^exit 0 .*memory/.test(passed), passed);
  const moved = await sh(...wrapped('cat /proc/self/cgroup').slice(1));
  check('a command of the harness leaves the root group by itself', moved.startsWith('0::/firedrill '), moved);
}

/** A start that the harness has waited for. */
export async function waitedFor(context: Context): Promise<void> {
  await awaitUp(context, await powerCycle(context));
  await runs(context);
  const waited = await kubeletOf(context);
  const name = 'after a start that the harness has waited for, the kubelet starts the first time';
  context.check(name, waited.active && waited.refused === 0, said(waited));
}

/** Runs a script on a node by a plain `docker exec`, from the first moment in which Docker takes one, until told to end. */
function heldOpen(node: string, script: string): () => void {
  let over = false;
  let child: ReturnType<typeof spawn> | undefined;
  const again = (): void => {
    if (over) return;
    child = spawn('docker', ['exec', '-i', node, 'sh', '-c', script], { stdio: ['pipe', 'ignore', 'ignore'] });
    child.once('exit', () => setTimeout(again, 50));
  };
  again();
  return () => {
    over = true;
    child?.stdin?.end();
  };
}

/** Starts the node with a plain command there, which ends in `cat`; its group 20 s after the boot, and what becomes of the kubelet. */
async function withCommand(
  context: Context,
  script: string,
): Promise<{ readonly group: string; readonly kubelet: Kubelet }> {
  const { cluster, run, signal } = context;
  let release: () => void = () => undefined;
  const since = await powerCycle(context, () => {
    release = heldOpen(cluster.node, script);
  });
  try {
    await awaitUp(context, since);
    await sleep(20_000, signal);
    const where = ['exec', cluster.node, 'sh', '-c', 'cat /proc/$(pgrep -x -o cat)/cgroup'];
    const group = (await run('docker', where, { signal, timeoutMs: 20_000 })).stdout.trim();
    return { group, kubelet: await kubeletOf(context) };
  } finally {
    release();
  }
}

/**
 * The control: commands that know nothing of groups and stay, as a shell for looks does. One that is there before systemd is taken along by it; one
 * that comes a moment later, before systemd has handed controllers down, is in nobody's way but the kubelet's. That one is played by a command
 * which goes back to the root group as soon as it was taken along: as Docker's own commands do it tries that group first.
 */
export async function plainCommand(context: Context): Promise<void> {
  const { check } = context;
  const first = await withCommand(context, 'exec cat');
  const taken = first.group === '0::/init.scope' && first.kubelet.active;
  const earlier = 'control: a plain command that is there before systemd is taken out of the root group by it';
  check(earlier, taken, `it is in ${first.group}; ${said(first.kubelet)}`);

  const back =
    'until grep -q init.scope /proc/self/cgroup; do :; done; echo $$ > /sys/fs/cgroup/cgroup.procs; exec cat';
  const second = await withCommand(context, back);
  const blocks = second.group === '0::/' && !second.kubelet.active && second.kubelet.refused >= 2;
  const later = 'control: one that comes a moment later stays there, and the kubelet does not start';
  check(later, blocks, `it is in ${second.group}; ${said(second.kubelet)}`);
  const freed = await runs(context);
  check('... until the command has ended', freed, said(await kubeletOf(context)));
}

/** The control with commands that end at once, one after the other. */
export async function shortCommands(context: Context): Promise<void> {
  const { cluster, run, signal, check } = context;
  const typing = new AbortController();
  let typed = 0;
  let typist: Promise<void> = Promise.resolve();
  const since = await powerCycle(context, () => {
    typist = (async () => {
      while (!typing.signal.aborted) {
        const one = await run('docker', ['exec', cluster.node, 'true'], { timeoutMs: 10_000 });
        if (one.exitCode === 0) typed += 1;
      }
    })();
  });
  try {
    await awaitUp(context, since);
    await sleep(20_000, signal);
  } finally {
    typing.abort();
    await typist;
  }
  const during = await kubeletOf(context);
  const after = await runs(context);
  const seen = `${typed} commands; ${said(during)}; then ${said(await kubeletOf(context))}`;
  check('control: plain commands that end at once keep no kubelet from starting', after, seen);
}

/** The control without the kubelet's script. */
export async function withoutScript(context: Context): Promise<void> {
  const dropIn = '/etc/systemd/system/kubelet.service.d/11-kind.conf';
  await onNode(context, `mv ${dropIn} /root/; sync`);
  await awaitUp(context, await powerCycle(context));
  const ask = `journalctl -q --no-pager -o cat -u kubelet ${sinceStart} | grep -o 'missing controllers: [a-z, ]*' | tail -n 1`;
  let complaint = '';
  await becomes(
    context,
    async () => {
      complaint = await onNode(context, ask);
      return complaint !== '';
    },
    120,
  );
  await onNode(context, `mv /root/11-kind.conf ${dropIn}; sync`);
  context.check(
    'control: without its script the kubelet misses controllers, so our own node has it, too',
    complaint !== '',
    complaint,
  );
}

/** A start while the harness looks and types from the first moment on. */
export async function lookedAt(context: Context): Promise<void> {
  const { cluster, check } = context;
  const looking = new AbortController();
  let answers = 0;
  const asking: Promise<void>[] = [];
  const since = await powerCycle(context, () => {
    const again = async (ask: () => Promise<{ readonly exitCode: number }>): Promise<void> => {
      while (!looking.signal.aborted) {
        if ((await ask()).exitCode === 0) answers += 1;
        await delay(300);
      }
    };
    const options = { signal: looking.signal, timeoutMs: seconds(30) };
    asking.push(again(() => cluster.look(cluster.node, 'true', options)));
    asking.push(again(() => cluster.exec(cluster.node, 'true', { timeoutMs: seconds(5) })));
  });
  try {
    await awaitUp(context, since);
    const came = await runs(context);
    const seen = `${answers} answers; ${said(await kubeletOf(context))}`;
    check('while the harness looks and types from the first moment on, the kubelet starts', came && answers > 0, seen);
  } finally {
    looking.abort();
    await Promise.all(asking);
  }
}

/** A node that starts itself again, as after a panic, and one that the harness starts again. */
export async function rebooting(context: Context): Promise<void> {
  const { cluster, signal, check } = context;
  await cluster.onPanic(cluster.node, 'reboot', { signal });
  const since = Date.now();
  const alert = await fires(nodeRebooted(), context, 600, async () => {
    await cluster.exec(cluster.node, 'sync; systemctl reboot -ff', { timeoutMs: seconds(20) });
  });
  await awaitUp(context, since);
  const back = await runs(context);
  const name = 'a node that starts itself again is seen by the alert that looks at it all the time';
  check(name, (alert ?? '').startsWith('rebooted'), alert ?? 'no alert');
  check('... and its kubelet starts', back, said(await kubeletOf(context)));
  await cluster.onPanic(cluster.node, 'halt', { signal });
  await cluster.reboot(cluster.node, { signal, timeoutMs: millis(600_000) });
  const answers = await runs(context);
  check(
    'a reboot by the harness ends with a node that answers, on which the kubelet starts',
    answers,
    said(await kubeletOf(context)),
  );
}

/** Frozen pods: what the harness thaws, and that they keep no node from being switched off. */
export async function frozenPods(context: Context): Promise<void> {
  const { cluster, docker, signal, check } = context;
  const pods = '/sys/fs/cgroup/kubelet.slice/kubelet-kubepods.slice';
  await becomes(
    context,
    async () => (await onNode(context, `grep populated ${pods}/cgroup.events || true`)) === 'populated 1',
    600,
  );
  const state = `grep -o "frozen [01]" ${pods}/cgroup.events`;
  const freeze = `echo 1 > ${pods}/cgroup.freeze; for _ in $(seq 100); do ${state} | grep -q 1 && break; sleep 0.2; done; ${state}`;
  const iced = await onNode(context, freeze);
  await thaw(docker, [await docker(['inspect', '-f', '{{.Id}}', cluster.node], { signal })], signal);
  const thawed = await onNode(context, `sleep 1; ${state}`);
  const both = iced === 'frozen 1' && thawed === 'frozen 0';
  check('what is frozen in a node is found and thawed from outside', both, `${iced}, then ${thawed}`);
  const again = await onNode(context, freeze);
  await killNode(docker, cluster.node, { signal, timeoutMs: 60_000 });
  const left = await docker(['inspect', '-f', '{{.State.Status}}', cluster.node], { signal });
  check(
    'a node with frozen pods can be switched off',
    again === 'frozen 1' && left === 'exited',
    `${again}, then ${left}`,
  );
  await cluster.reboot(cluster.node, { signal, timeoutMs: millis(600_000) });
  await until(context, 'kubectl get --raw /readyz');
}
