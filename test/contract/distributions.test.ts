import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findRunbook, loadAnywhere, loadExistence, loadScenario, scenarioIds } from '../../harness/cli/load.ts';
import { idsOf } from '../../harness/cli/load-code.ts';
import { k3d } from '../../harness/distributions/k3d.ts';
import { k3s } from '../../harness/distributions/k3s.ts';
import { kubeadm } from '../../harness/distributions/kubeadm.ts';
import {
  components,
  withVerbs,
  type Component,
  type Distribution,
  type Run,
} from '../../harness/model/distribution.ts';
import { existence, type DeclaredScenario } from '../../harness/model/scenario.ts';
import { askedBy, commandsOf } from './commands.ts';

/** What exists on which distribution, and that whatever is typed asks its distribution for what another one has elsewhere. */

const folder = join(import.meta.dirname, '..', '..', 'scenarios');
const ids = scenarioIds(folder);

/** A distribution that nobody has: everything is called and lies otherwise, and runs as `run` says. */
function elsewhere(
  name: string,
  { datastore, certificates }: Pick<Distribution, 'datastore' | 'certificates'>,
  run: (component: Component) => Run,
): Distribution {
  const at = (path: string) => `/elsewhere/${path}`;
  const base = withVerbs({
    name,
    init: 'systemd',
    components: Object.fromEntries(components.map((one) => [one, run(one)])) as Distribution['components'],
    datastore,
    certificates,
    paths: {
      cni: {
        configuration: at('conf'),
        conflist: at('conf/it'),
        plugins: at('plugins'),
        running: at('plugin'),
        state: at('state'),
      },
      configuration: at('configuration'),
      adminKubeconfig: at('admin'),
      kubeletKubeconfig: at('node'),
      pki: at('tls'),
      kubelet: at('agent'),
      kubeletConfiguration: at('agent/configuration'),
      kubeletCertificate: at('agent/certificate'),
      manifests: at('pods'),
      datastore: at('db'),
      runtime: at('run'),
    },
    links: { bridge: 'bridge7', overlay: 'overlay7' },
    commands: { kubectl: 'xkubectl', ctr: 'xctr', crictl: 'xcri' },
    podsGroups: [at('group')],
  });
  const typed = { stopEverything: 'x-stop', restartControlPlane: 'x-restart', restartWorker: 'x-restart' };
  const steps = { renewCertificates: [], renewEverything: [], upgrade: [] };
  return {
    ...base,
    ...typed,
    ...steps,
    uninstall: () => 'x-remove',
    install: { first: [], controlPlane: 'x-add', worker: 'x-add' },
    restoreNetwork: () => [],
  };
}
/** As kubeadm, under other names. */
const asKubeadm = elsewhere('kubeadm', { datastore: 'etcd', certificates: 'kubeadm' }, (component) => {
  const run = kubeadm.components[component];
  const name = `part${components.indexOf(component)}`;
  return { ...run, process: name, ...('unit' in run ? { unit: name } : {}) };
});
const oneProcess = elsewhere('one', { datastore: 'SQLite', certificates: 'k3s' }, () => ({
  by: 'embedded',
  process: 'one',
  unit: 'one',
}));

/** What only kubeadm's nodes have, or have by that name. */
const ofKubeadm = new RegExp(
  [
    '/etc/(kubernetes|cni)\\b|/opt/cni\\b|/var/lib/(cni|kubelet|etcd)\\b|/run/containerd\\b',
    '\\b(cni0|kubeadm|crictl)\\b|flannel\\.1\\b|ctr -n|--kubeconfig /|kubelet\\.slice',
    '(systemctl [^\\n;&|]*|journalctl [^\\n;&|]*)\\b(kubelet|containerd)\\b|(kubelet|containerd)\\.service',
    'pidof [^\\n;&|)]*\\b(kubelet|containerd(?!-shim)|flanneld|kube-[a-z-]+)\\b',
  ].join('|'),
);

const notOnKubeadm: Readonly<Record<string, string>> = {
  'datastore-locked': 'the datastore of kubeadm is etcd, not SQLite',
};

describe.each(ids)('%s', (id) => {
  it('exists on kubeadm with all of its runbooks, or says why it does not and is whole elsewhere', async () => {
    const { scenario, distribution } = await loadAnywhere(id, folder);
    expect(existence(scenario, distribution)).toMatchObject({ without: new Map() });
    if (distribution === kubeadm) expect(notOnKubeadm[id]).toBeUndefined();
    else expect(await loadExistence(id, folder, kubeadm)).toEqual({ why: notOnKubeadm[id] });
  });

  // A YAML file holds what its author typed, and says where that holds.
  it.skipIf(!idsOf(folder, 'ts').includes(id))('asks its distribution for what is otherwise on another', async () => {
    const { scenario } = await loadAnywhere(id, folder, [asKubeadm, oneProcess]);
    const commands = [...commandsOf(scenario)].map(({ command }) => command);
    for (const detector of scenario.detectors) commands.push(...(await askedBy(detector)));
    const kept = commands.flatMap((command) => ofKubeadm.exec(command)?.[0] ?? []);
    expect(kept).toEqual([]);
  });
});

/** What a node of k3s does not have. */
const notOnK3s =
  /(?<!agent)\/etc\/(kubernetes|cni)\b|\/opt\/cni\b|\/var\/lib\/etcd\b|(?<!k3s)\/containerd\/containerd\.sock|\bkubeadm\b|kubelet\.slice|(systemctl|journalctl) [^\n;&|]*\b(kubelet|containerd)\b|pidof [^\n;&|)]*\b(kubelet|flanneld|kube-[a-z-]+|etcd)\b/;

describe('on k3s', () => {
  const absent: Readonly<Record<string, RegExp>> = {
    'bpf-too-large': /no DaemonSet on k3s/,
    'datastore-stall': /no process of its own/,
    'etcd-nospace': /its file says/,
    'name-reserved': /no unit of its own/,
    'nat-not-reprogrammed': /no process of its own/,
    'scheduler-stall': /no process of its own/,
    'simultaneous-reboot': /no process of its own/,
    'taint-all': /its file says/,
    'webhook-deadlock': /its file says/,
  };

  it.each(ids)('%s types nothing that is not there, or does not exist and says why', async (id) => {
    const there = await loadExistence(id, folder, k3s);
    if ('why' in there) {
      expect(there.why).toMatch(absent[id] ?? /^(?!)/);
      return;
    }
    expect(absent[id]).toBeUndefined();
    const { scenario } = there;
    const commands = [...commandsOf(scenario)].map(({ command }) => command);
    for (const detector of scenario.detectors) commands.push(...(await askedBy(detector)));
    expect(commands.flatMap((command) => notOnK3s.exec(command)?.[0] ?? [])).toEqual([]);
  });
});

/** What a node of k3d does not have: nothing of it is started by systemd or was installed by a script. */
const notOnK3d = new RegExp(
  `${notOnK3s.source}|systemctl|journalctl|\\.service\\b|/etc/systemd|k3s-(killall|(agent-)?uninstall)|install-k3s|kubepods\\.slice`,
);

describe('on k3d', () => {
  const absent: Readonly<Record<string, RegExp>> = {
    'bpf-too-large': /no DaemonSet on k3d but a part of what the node is/,
    'conntrack-full': /its file says/,
    'datastore-locked': /a node of k3d has no systemd/,
    'datastore-stall': /no process of its own on k3d/,
    'etcd-nospace': /its file says/,
    'everything-at-once': /a node of k3d has no systemd/,
    'expired-certs': /a node of k3d has no systemd/,
    'iptables-flush': /a node of k3d has no systemd/,
    'name-reserved': /no unit of its own on k3d/,
    'nat-not-reprogrammed': /no process of its own on k3d/,
    'reboot-loop': /a node of k3d has no systemd/,
    'scheduler-stall': /no process of its own on k3d/,
    'simultaneous-reboot': /no process of its own on k3d/,
    'taint-all': /its file says/,
    'webhook-deadlock': /its file says/,
  };

  it.each(ids)('%s types nothing that is not there, or does not exist and says why', async (id) => {
    const there = await loadExistence(id, folder, k3d);
    if ('why' in there) {
      expect(there.why).toMatch(absent[id] ?? /^(?!)/);
      return;
    }
    expect(absent[id]).toBeUndefined();
    const { scenario, without } = there;
    const commands = [...commandsOf(scenario)].map(({ command }) => command);
    for (const detector of scenario.detectors) commands.push(...(await askedBy(detector)));
    expect(commands.flatMap((command) => notOnK3d.exec(command)?.[0] ?? [])).toEqual([]);
    // Workers are found by k3d's names.
    expect(commands.filter((command) => /"-worker\d*"/.test(command))).toEqual([]);
    for (const why of without.values())
      expect(why).toMatch(/on k3d but a part of what the node is|of k3d has no systemd/);
  });

  it('restarts nodes from outside, where a runbook restarts a part of them, and waits for k3s', async () => {
    const scenario = await loadScenario('cni-config-wipe', folder, k3d);
    const { steps } = findRunbook('cni-config-wipe', scenario, 'restart-cni-agent').runbook;
    expect(steps.slice(-2)).toMatchObject([
      { on: 'workstation', command: 'docker restart $NODES' },
      { on: 'nodes', command: 'pidof k3s-server k3s-agent' },
    ]);
    const restored = findRunbook('cni-config-wipe', scenario, 'restore-cni').runbook.steps;
    expect(restored.map(({ on, kind }) => [on, kind])).toContainEqual(['workstation', 'shell']);
    expect(restored).toContainEqual(expect.objectContaining({ command: 'docker restart $WORKERS' }));
  });
});

describe('an outage', () => {
  const there = async (id: string) => {
    const declared = (await import(`../../scenarios/${id}.ts`)) as { default: DeclaredScenario };
    const scenario = typeof declared.default === 'function' ? declared.default(oneProcess) : declared.default;
    return existence(scenario, oneProcess);
  };

  it.each([
    ['scheduler-stall', 'the scheduler is no process of its own on one but a part of one'],
    ['nat-not-reprogrammed', 'the agent that writes service rules is no process of its own on one but a part of one'],
    ['datastore-stall', 'the datastore is no process of its own on one but a part of one'],
    ['name-reserved', 'the container runtime is no unit of its own on one but a part of one'],
    ['simultaneous-reboot', 'the agent that writes service rules is no process of its own on one but a part of one'],
    ['bpf-too-large', "the agent of the pods' network is no DaemonSet on one but a part of one"],
  ])('%s does not exist where everything is one process', async (id, why) => {
    expect(await there(id)).toEqual({ why });
    await expect(loadScenario(id, folder, oneProcess)).rejects.toThrow(`there is no ${id} on one: ${why}`);
  });

  it.each(['cni-wipe', 'coredns-loop', 'iptables-flush', 'oom-database', 'pg-wal-corruption'])(
    '%s exists there, too, with a way to restart what is broken',
    async (id) => {
      const scenario = await loadScenario(id, folder, oneProcess);
      expect([...commandsOf(scenario)].flatMap(({ command }) => ofKubeadm.exec(command)?.[0] ?? [])).toEqual([]);
    },
  );

  it.each([
    ['cni-wipe', 'restart-cni-agent'],
    ['iptables-flush', 'restart-node-agent'],
  ])('%s: the agent of %s is restarted with what it is a part of', async (id, runbook) => {
    const { steps } = findRunbook(id, await loadScenario(id, folder, oneProcess), runbook).runbook;
    expect(steps.slice(-2)).toMatchObject([
      { on: 'nodes', command: 'systemctl restart one' },
      { on: 'nodes', command: 'systemctl is-active one' },
    ]);
  });

  it('loses the runbooks that would need a part by itself, each with its reason', async () => {
    const left = await there('replica-deadlock');
    expect('without' in left && Object.fromEntries(left.without)).toEqual({
      'restart-containerd': 'the container runtime is no unit of its own on one but a part of one',
      'restart-kubelet': 'the kubelet is no unit of its own on one but a part of one',
    });
    expect('scenario' in left && left.scenario.runbooks.map(({ runbook }) => runbook.id)).not.toContain(
      'restart-kubelet',
    );
  });
});

it('what exists on none of several distributions says why of each', async () => {
  await expect(loadAnywhere('scheduler-stall', folder, [oneProcess, k3s])).rejects.toThrow(
    /no scheduler-stall on any distribution: the scheduler is .* on one but .*; the scheduler is .* on k3s/,
  );
});

it('a scenario that cannot be made for a distribution says so with its file', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'firedrill-scenarios-'));
  writeFileSync(join(dir, 'torn.ts'), 'export default ({ name }) => { throw new Error(`no idea of ${name}`); };');
  await expect(loadScenario('torn', dir)).rejects.toThrow(/torn\.ts cannot be loaded: no idea of kubeadm/);
  rmSync(dir, { recursive: true });
});

it('finds what is kubeadm alone in its own commands', async () => {
  const found = [...commandsOf(await loadScenario('expired-certs', folder))].filter((c) => ofKubeadm.test(c.command));
  expect(found.length).toBeGreaterThan(5);
});
