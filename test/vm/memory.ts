import { join } from 'node:path';
import { kubeadm } from '../../harness/distributions/kubeadm.ts';
import { memoryAvailable } from '../../harness/detectors/memory-available.ts';
import { oomKilled } from '../../harness/detectors/oom-killed.ts';
import { startClock } from '../../harness/engine/clock.ts';
import { Journal } from '../../harness/engine/journal.ts';
import { lookForFault, runSteps } from '../../harness/engine/steps.ts';
import { oomDatabase } from '../../harness/faults/oom-database.ts';
import { podsMemory } from '../../harness/model/commands.ts';
import { FiredrillError } from '../../harness/model/errors.ts';
import type { Step } from '../../harness/model/step.ts';
import { nodeOf, serverMiB } from '../../scenarios/support/small-node.ts';
import { becomes, fires, onNode, until, type Context } from './context.ts';
import { patient } from './slow.ts';

/**
 * What the scenario's small worker has, and about what the control plane takes of it, which is on the same node here. With more the neighbours could
 * not fill it; with less the alert would fire before the fault, and no undo would end it.
 */
const podsMiB = 768 + 320;

/** Deploys the network and of the workload the database alone. */
export async function deploy(context: Context): Promise<void> {
  const { cluster, signal, check } = context;
  await until(context, 'kubectl apply -f "$MANIFESTS/flannel.yaml"');
  await until(context, 'kubectl wait --for=condition=Ready nodes --all --timeout=30s');
  await until(
    context,
    [
      'kubectl apply -f "$MANIFESTS/workload/00-namespaces.yaml"',
      // With more patience for who asks how it is: to start a command takes seconds here, and initdb minutes.
      'sed \'s/timeoutSeconds: .*/timeoutSeconds: 60/; s/initialDelaySeconds: .*/initialDelaySeconds: 900/\' "$MANIFESTS/workload/20-chromadb.yaml" | kubectl apply -f -',
      'kubectl -n chromadb scale deployment chromadb-api chromadb-ingest --replicas=0',
    ].join('\n'),
  );
  await until(context, 'kubectl -n chromadb rollout status statefulset chromadb --timeout=30s');
  const list = "kubectl get pods -A --no-headers | awk '{ print $2, $4 }'";
  const { stdout } = await cluster.workstation(list, { signal });
  const needed = ['coredns-', 'kube-flannel-', 'chromadb-0'];
  const run = needed.every((name) => new RegExp(`^${name}\\S* Running$`, 'm').test(stdout));
  check('pods get a network, and the database runs', run, stdout);
}

/** The out-of-memory path of scenario `oom-database`: its set-up, its fault, its witness and its alerts. */
export async function memory(context: Context): Promise<void> {
  const { cluster, signal, spec, check } = context;
  const clock = startClock();
  const journal = new Journal(join(spec.workDir, 'events.jsonl'), clock);
  const outputs = (state: 'done' | 'failed'): string =>
    journal.events
      .flatMap((event) =>
        event.type === 'step' && event.state === state ? [`${event.name}: ${event.output ?? ''}`] : [],
      )
      .slice(-3)
      .join('; ');
  const all = async (part: 'setup' | 'prepare' | 'inject' | 'undo', steps: readonly Step[]): Promise<void> => {
    if (await runSteps({ cluster, journal, clock, signal }, part, steps.map(patient))) return;
    throw new FiredrillError('environment', `${part}: ${outputs('failed')}`);
  };
  const pods = '/sys/fs/cgroup/kubelet.slice/kubelet-kubepods.slice';

  await all('setup', nodeOf(kubeadm, podsMiB));
  const small = await onNode(context, `${podsMemory(kubeadm)}\necho "$group $limit $used $cache $available"`);
  const [group = '', ...numbers] = small.split(' ');
  const [limit = 0, used = 0, files = -1, available = 0] = numbers.map(Number);
  check(
    "the kubelet's limit of all pods is found and is what the node was made to have",
    group === pods && limit === podsMiB * 2 ** 20,
    small,
  );
  // Else the alert would fire before the fault.
  const sane = used > 0 && files >= 0 && available * 4 > limit && available <= limit;
  check(
    '... and what is used of it, and that a quarter and more is available',
    sane,
    `used ${used}, files ${files}, available ${available}`,
  );

  const fault = oomDatabase(kubeadm, { worker: 2, serverMiB });
  await all('prepare', fault.prepare);
  let memoryAlert: string | undefined;
  const killAlert = await fires(oomKilled(), context, 600, async () => {
    memoryAlert = await fires(memoryAvailable(kubeadm, { underPercent: 25 }), context, 600, () =>
      all('inject', fault.inject),
    );
  });
  const injected = journal.events.some(
    (event) => event.type === 'step' && event.part === 'inject' && event.state === 'done',
  );
  check('the fault of oom-database is prepared and injected', injected, outputs('done'));
  let evidence: readonly string[] = [];
  const look = async (): Promise<boolean> => {
    const found = await lookForFault(cluster, fault.witness, signal);
    evidence = found.evidence;
    return found.confirmed;
  };
  check(
    "its witness reads the kernel's log and the group of all pods",
    await becomes(context, look, 600),
    evidence.join('; '),
  );
  const events = await onNode(context, `grep -E "oom(_kill)? " ${pods}/memory.events`);
  check('memory.events of all pods counts the kill', /oom_kill [1-9]/.test(events), events);
  check('alarm memory-available fires', (memoryAlert ?? '').includes('available'), memoryAlert ?? 'no alert');
  const alone = killAlert === 'OOMKilled: chromadb/chromadb-0/chromadb';
  check('alarm oom-killed fires and names the database alone', alone, killAlert ?? 'no alert');
  await all('undo', fault.undo);
  journal.close();
  await until(context, 'kubectl -n chromadb rollout status statefulset chromadb --timeout=30s');
  const after = await onNode(context, `${podsMemory(kubeadm)}\necho "$available $limit"`);
  const [free = 0, of = 1] = after.split(' ').map(Number);
  // More than what the alert asks for.
  check('the undo gives the memory back, and the database runs', free * 4 > of, `${free} of ${of} available`);
}
