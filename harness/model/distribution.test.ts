import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { kubeadm } from '../distributions/kubeadm.ts';
import { distributionLabel, whyNot, withVerbs, type Requirement } from './distribution.ts';

/** As k3s' agents and servers are: everything but the runtime's own tasks in one process. */
const oneProcess = withVerbs({
  ...kubeadm,
  name: 'one',
  components: {
    ...kubeadm.components,
    kubelet: { by: 'embedded', process: 'one', unit: 'one' },
    runtime: { by: 'embedded', process: 'one', unit: 'one' },
    scheduler: { by: 'embedded', process: 'one', unit: 'one' },
    datastore: { by: 'unit', process: 'etcd', unit: 'etcd' },
  },
});

/** As k3d's nodes are. */
const container = withVerbs({
  ...kubeadm,
  name: 'box',
  title: 'one in a box',
  init: 'Docker',
  components: Object.fromEntries(
    Object.keys(kubeadm.components).map((name) => [name, { by: 'container', process: 'one' }]),
  ) as typeof kubeadm.components,
});

describe('where a node is one program', () => {
  it('says what there is not, and what that is a part of', () => {
    expect(whyNot([{ apart: 'scheduler' }], container)).toBe(
      'the scheduler is no process of its own on box but a part of what the node is',
    );
    expect(whyNot([{ unit: 'kubelet' }], container)).toContain('no unit of its own on box');
    expect(whyNot([{ init: 'systemd' }], container)).toBe(
      'a node of box has no systemd and none of its units: Docker starts its one program',
    );
    expect(whyNot([{ init: 'systemd' }], kubeadm)).toBeUndefined();
  });

  it('is called by its title in records', () => {
    expect(distributionLabel(container, 'v1')).toBe('one in a box');
    expect(distributionLabel(container, 'v1+stand-in')).toBe('one in a box (stand-in)');
  });
});

describe("a distribution's verbs", () => {
  it('tell systemctl each unit once, and that of the kubelet for pods', () => {
    expect(kubeadm.units('runtime', 'kubelet')).toBe('containerd kubelet');
    expect(kubeadm.units('scheduler', 'kubelet')).toBe('kubelet');
    expect(oneProcess.units('runtime', 'kubelet', 'scheduler', 'datastore')).toBe('one etcd');
    expect(kubeadm.services('runtime', 'kubelet')).toBe('containerd.service kubelet.service');
  });

  it('restart what is a unit, and end what somebody starts again', () => {
    expect(kubeadm.restart('runtime', 'kubelet')).toBe('systemctl restart containerd kubelet');
    expect(kubeadm.restart('controllers', 'scheduler')).toBe('kill $(pidof kube-controller-manager kube-scheduler)');
    expect(kubeadm.kill('proxy')).toBe('kill -KILL $(pidof kube-proxy) 2>/dev/null || true');
    for (const verb of ['restart', 'end', 'kill'] as const)
      expect(oneProcess[verb]('scheduler', 'kubelet', 'datastore')).toBe('systemctl restart one etcd');
    expect(oneProcess.kill('scheduler', 'proxy')).toBe(`systemctl restart one\n${kubeadm.kill('proxy')}`);
  });

  it('read the log where it is', () => {
    expect(kubeadm.logs('apiserver', 5)).toMatch(/^tail -qn 5 \S+kube-system_kube-apiserver-\S+$/);
    expect(kubeadm.logs('network', 5)).toMatch(/^tail -qn 5 \S+kube-flannel_kube-flannel-ds-\S+$/);
    expect(kubeadm.logs('kubelet', 5)).toBe('journalctl -u kubelet -n 5 -o cat --no-pager');
    expect(kubeadm.logs('kubelet', 5, 'dated')).toBe('journalctl -u kubelet -n 5 --no-pager');
    expect(oneProcess.logs('scheduler', 5)).toBe('journalctl -u one -n 5 -o cat --no-pager');
    expect(oneProcess.logsBetween('runtime', '1', '2')).toContain('-u one -o cat --since "@1" --until "@2"');
  });

  it('end by force what does not end when asked', async () => {
    const deaf = spawn('sh', ['-c', 'trap "" TERM; echo deaf; while :; do sleep 0.1; done']);
    await once(deaf.stdout, 'data');
    // pidof would find whatever else is called as this is.
    const end = `pidof() { echo ${deaf.pid}; }\n${kubeadm.end('datastore')}`;
    const ended = once(deaf, 'exit');
    expect(spawnSync('sh', ['-ec', end.replaceAll('sleep 1', 'sleep 0.1')]).status).toBe(0);
    expect((await ended)[1]).toBe('SIGKILL');
    expect(spawnSync('sh', ['-ec', `pidof() { return 1; }\n${kubeadm.end('datastore')}`]).status).toBe(0);
  });
});

describe('what a distribution cannot do', () => {
  const cases: readonly (readonly [Requirement, string])[] = [
    [{ apart: 'scheduler' }, 'the scheduler is no process of its own on one but a part of one'],
    [{ unit: 'kubelet' }, 'the kubelet is no unit of its own on one but a part of one'],
    [{ unit: 'proxy' }, 'the agent that writes service rules is no unit of its own on one'],
    [{ daemonSet: 'datastore' }, 'the datastore is no DaemonSet on one'],
    [{ staticPod: 'datastore' }, 'the datastore is no static pod on one'],
    [{ datastore: 'SQLite' }, 'the datastore of one is etcd, not SQLite'],
  ];
  it.each(cases)('%j is told in a sentence', (requirement, why) => {
    expect(whyNot([{ apart: 'proxy' }, requirement], oneProcess)).toBe(why);
  });

  it('is nothing where all requirements hold, or there are none', () => {
    const all: readonly Requirement[] = [
      { apart: 'scheduler' },
      { unit: 'kubelet' },
      { daemonSet: 'proxy' },
      { staticPod: 'datastore' },
      { datastore: 'etcd' },
    ];
    expect(whyNot(all, kubeadm)).toBeUndefined();
    expect(whyNot(undefined, oneProcess)).toBeUndefined();
  });
});
