import { describe, expect, it } from 'vitest';
import type { ExecResult } from '../model/cluster.ts';
import { millis } from '../model/units.ts';
import { systemdBoot } from './boot.ts';
import { powerOf } from './power.ts';

const answer = (exitCode: number, stderr = ''): ExecResult => ({ exitCode, stdout: '', stderr });

/** A node that answers what `answers` says, one after the other, and its last word for ever. */
function node(...answers: readonly ExecResult[]) {
  const asked: string[] = [];
  const calls: string[] = [];
  const consoles = ['INFO: detected cgroup v1\nINFO: starting init'];
  const cluster = {
    network: 'n',
    nodes: [{ name: 'a', role: 'worker', address: '10.0.0.2' }] as const,
    exec: (_node: string, command: string) => {
      const at = Math.min(asked.push(command), answers.length) - 1;
      return Promise.resolve(answers[at] ?? answer(0));
    },
  };
  const docker = (args: readonly string[]) => {
    calls.push(args.join(' '));
    if (args[0] === 'logs')
      return Promise.resolve(consoles.length > 1 ? (consoles.shift() ?? '') : (consoles[0] ?? ''));
    return Promise.resolve(args[0] === 'inspect' ? '/a\t10.0.0.2' : '');
  };
  return { power: powerOf(docker, cluster, systemdBoot), asked, calls, consoles };
}

describe('a reboot', () => {
  it('is over when systemd answers, not when a process can be started', async () => {
    const bus = answer(1, 'Failed to connect to bus: Host is down');
    const { power, asked } = node(bus, bus, answer(0));
    await power.reboot('a');
    expect(asked).toHaveLength(3);
    expect(asked[0]).toContain('systemctl');
  });

  it('asks nothing of a node that is still booting: what runs in its root cgroup keeps its kubelet from starting', async () => {
    const { power, asked, calls, consoles } = node();
    const early = 'INFO: detected cgroup v2\n[  OK  ] Reached target Basic System.';
    const v1 = 'INFO: detected cgroup v1';
    consoles.splice(0, 1, v1, `${v1}\nINFO: starting init`);
    await power.reboot('a');
    expect(calls.filter((call) => call.startsWith('logs --since '))).toHaveLength(2);
    consoles.splice(0, 2, early, early, `${early}\n[  OK  ] Reached target \u001b[0;1;39mMulti-User System\u001b[0m.`);
    await power.reboot('a');
    expect(calls.filter((call) => call.startsWith('logs --since '))).toHaveLength(5);
    expect(asked).toHaveLength(2);
    consoles.splice(0, 1, early);
    await expect(power.reboot('a', { timeoutMs: millis(150) })).rejects.toThrow(/finish booting.*Basic System/);
  });

  it('says what the node said last when it does not come back in time', async () => {
    const { power } = node(answer(1, 'Failed to connect to bus: Host is down'));
    await expect(power.reboot('a', { timeoutMs: millis(150) })).rejects.toThrow(
      'node a did not finish booting within 1 s: Failed to connect to bus: Host is down',
    );
  });
});
