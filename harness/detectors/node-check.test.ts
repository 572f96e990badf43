import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { start, type Watching } from '../../test/support/detection.ts';
import { fakeCluster, type FakeCluster } from '../../test/support/fake-cluster.ts';
import { kubeadm } from '../distributions/kubeadm.ts';
import { isRight, type Detector } from '../model/detector.ts';
import { nodeCheck } from './node-check.ts';

let cluster: FakeCluster;
let watching: Watching | undefined;
const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const bare = { exitCode: 2, stdout: 'CRITICAL - services lead nowhere: 0 DNAT rules | rules=0\n', stderr: '' };
const fine = { exitCode: 0, stdout: 'OK - 12 DNAT rules | rules=12\n', stderr: '' };
const warns = { exitCode: 1, stdout: 'WARNING - 1 DNAT rules | rules=1\n', stderr: '' };
let answers: Readonly<Record<string, typeof fine>>;
let commands: string[];

beforeEach(() => {
  vi.useFakeTimers();
  commands = [];
  answers = {};
  cluster = fakeCluster();
  cluster.handler = ({ on, command }) => {
    commands.push(command);
    return answers[on] ?? fine;
  };
});
afterEach(async () => {
  const ended = watching?.end();
  await later(0);
  await ended;
  vi.useRealTimers();
});
const watch = (detector: Detector): Watching => (watching = start(detector, cluster));

describe('a node check', () => {
  const [, worker = ''] = fakeCluster().nodes.map(({ name }) => name);

  it('runs every minute (8 s), pages at the third bad result in a row and ends with the first good one', async () => {
    const { readings } = watch(nodeCheck(kubeadm, 'check_dnat_rules'));
    await later(0);
    answers = { [worker]: bare };
    await later(16_000);
    expect(readings.map(({ state }) => state)).toEqual(['quiet', 'alive', 'alive']);
    answers = {};
    await later(8000);
    answers = { [worker]: bare };
    await later(24_000);
    expect(readings.at(-1)).toEqual({
      state: 'firing',
      what: `${worker}: CRITICAL - services lead nowhere: 0 DNAT rules`,
    });
    expect(isRight(nodeCheck(kubeadm, 'check_dnat_rules'), { what: bare.stdout })).toBe(true);
    answers = {};
    await later(8000);
    expect(readings.at(-1)?.state).toBe('quiet');
  });

  it('does not page for a warning where that is how things are, and is blind where the check is', async () => {
    const { readings } = watch(nodeCheck(kubeadm, 'check_dnat_rules'));
    answers = { [worker]: warns };
    await later(40_000);
    expect(readings.every(({ state }) => state === 'quiet' || state === 'alive')).toBe(true);
    answers = { [worker]: { exitCode: 3, stdout: 'UNKNOWN - iptables-save: no permission\n', stderr: '' } };
    await later(8000);
    expect(readings.at(-1)).toEqual({ state: 'blind', why: `${worker}: UNKNOWN - iptables-save: no permission` });
  });

  it('is the plug-in itself, with the way into the cluster and times of the profile', async () => {
    watch(nodeCheck(kubeadm, 'check_sandbox_changed'));
    await later(0);
    expect(commands).toHaveLength(1);
    expect(commands[0]).toContain('export KUBECONFIG=/etc/kubernetes/admin.conf\nsh -s -- -s 40 <<');
    expect(commands[0]).toContain('reason=SandboxChanged');
  });
});
