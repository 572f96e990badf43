import { describe, expect, it } from 'vitest';
import { FiredrillError } from '../model/errors.ts';
import { profiles } from '../model/profile.ts';
import type { Probe } from '../model/probe.ts';
import { claimed } from '../model/scenario.ts';
import { millis, minutes, seconds } from '../model/units.ts';
import { nodeNotReady } from '../detectors/node-not-ready.ts';
import { wait } from '../runbooks/wait.ts';
import { outageOfYaml, type Surroundings } from './outage.ts';

const dns: Probe = {
  ...{ sli: 'dns', title: 'names', periodMs: millis(250), timeoutMs: seconds(1), bystander: false },
  open: () => Promise.reject(new Error('not opened here')),
};
const restart = claimed(
  { id: 'restart', title: 'Restart it', source: 'ours', why: 'it helps', steps: [] },
  'recovers',
  'in another outage',
);
const around: Surroundings = {
  distribution: 'kubeadm',
  measured: () => ({ probes: [dns] }),
  alerts: () => [nodeNotReady()],
  alert: (name) =>
    name === 'node-not-ready' ? Promise.resolve(nodeNotReady()) : Promise.reject(new Error(`names ${name}`)),
  runbook: (name) => (name === 'restart' ? Promise.resolve(restart) : Promise.reject(new Error(`names ${name}`))),
  page: (path) => claimed({ ...restart.runbook, id: path }, 'recovers', 'its page says so'),
  control: claimed(wait(), 'unknown', 'nothing is claimed'),
  workload: (name) => name,
};
const least = `title: DNS is gone
on: worker-1
breaks: [dns]
fault:
  inject: block
  witness: { run: show, expect: blocked }
  undo: unblock
`;
const read = async (text: string) => {
  const outage = await outageOfYaml(text, 'ours', 'some/ours.yaml', around);
  if ('why' in outage) throw new Error(outage.why);
  return outage.scenario;
};

describe('an outage in one YAML file', () => {
  it('needs no more than a title, what it breaks, and a fault', async () => {
    const scenario = await read(least);
    expect(scenario).toMatchObject({
      outage: { title: 'DNS is gone', source: 'ours.yaml' },
      cluster: { workers: 2, workload: 'resurrection' },
      breaks: ['dns'],
      keeps: [],
      fault: {
        id: 'ours',
        targets: { worker: 1 },
        inject: [{ kind: 'shell', name: 'block', on: { worker: 1 }, command: 'block', changes: true }],
        witness: [{ on: { worker: 1 }, command: 'show', expect: 'blocked' }],
        undo: [{ command: 'unblock' }],
      },
      horizonMs: { fast: seconds(135), stock: minutes(10) },
    });
    expect(scenario.runbooks.map(({ runbook }) => runbook.id)).toEqual(['wait']);
    expect(scenario.detectors.map(({ id }) => id)).toEqual(['node-not-ready']);
  });

  it('says all that a scenario can say', async () => {
    const scenario = await read(`${least}
distributions: [kubeadm]
fidelity: emulated
differences: [a smaller disk]
watch: 12m
setup: [{ name: first, on: nodes, run: 'true', timeout: 5s }]
probes:
  web: { on: workstation, run: curl it, expect: ok, every: 2s, timeout: 3s, slo: 0.5, bystander: true }
alerts:
  - node-not-ready
  - { probe: dns, streak: 5 }
  - { id: full, command: { on: workers, run: cat it, fires: '^FULL', every: 2s } }
right-alerts: [OurDnsAlert, { alertname: KubeNodeNotReady, labels: { node: worker } }]
runbooks:
  restart: { expect: does-not-recover, says: it is not that }
  again: { use: restart }
  page: { file: ./dns.md }
  mend:
    expect: recovers
    run:
      - { look: true, run: show, on: nodes }
      - { reboot: worker-1 }
      - { until: 'true', on: workstation, timeout: 1.5m }
`);
    expect(scenario).toMatchObject({
      fidelity: 'emulated',
      differences: ['a smaller disk'],
      fault: { fidelity: 'emulated' },
    });
    expect(scenario.horizonMs).toEqual({ fast: minutes(12), stock: minutes(12) });
    expect(scenario.setup).toMatchObject([{ name: 'first', on: 'nodes', timeoutMs: 5000 }]);
    expect(scenario.probes.map(({ sli, periodMs, slo }) => [sli, periodMs, slo])).toEqual([
      ['dns', 250, undefined],
      ['web', 2000, 0.5],
    ]);
    expect(scenario.detectors.map(({ id }) => id)).toEqual(['node-not-ready', 'probe-failing', 'full']);
    expect(scenario.rightAlerts).toEqual([
      { alertname: 'OurDnsAlert' },
      { alertname: 'KubeNodeNotReady', labels: { node: 'worker' } },
    ]);
    expect(scenario.detectors[1]?.loop(profiles.fast)).toContain('fires at 5 bad in a row');
    expect(scenario.runbooks.map(({ runbook, claim }) => [runbook.id, claim.expect, claim.says])).toEqual([
      ['wait', 'unknown', 'nothing is claimed'],
      ['restart', 'does-not-recover', 'it is not that'],
      ['again', 'unknown', 'nothing is claimed'],
      ['page', 'recovers', 'its page says so'],
      ['mend', 'recovers', 'nothing is claimed'],
    ]);
    expect(scenario.runbooks.at(-1)?.runbook.steps).toMatchObject([
      { kind: 'shell', command: 'show', on: 'nodes', changes: false, optional: true },
      { kind: 'reboot', on: { worker: 1 } },
      { kind: 'until', command: 'true', on: 'workstation', timeoutMs: 90_000 },
    ]);
  });

  it('is not looked into for a distribution on which it does not exist', async () => {
    const elsewhere = `${least}distributions: [k3s]\nalerts: [nobody]\n`;
    await expect(outageOfYaml(elsewhere, 'ours', 'ours.yaml', around)).resolves.toEqual({
      why: 'its file says that it is one of k3s',
    });
  });

  const wrong: readonly (readonly [string, string, string])[] = [
    ['a key that there is not', `${least}break: [dns]\n`, '8:1: unknown key `break`'],
    ['a place that there is not', least.replace('worker-1', 'wokers'), '2:1: on must be workstation'],
    ['the workstation for nodes', least.replace('worker-1', 'workstation'), '2:1: on must be control-plane'],
    ['nothing broken', least.replace('[dns]', '[]'), '3:1: breaks must be a list with one SLI at least'],
    ['no undo', least.replace('  undo: unblock\n', ''), '4:1: fault.undo is missing'],
    ['a bare time', `${least}watch: 30\n`, '8:1: watch must be a length of time'],
    ['a bad expression', least.replace('blocked', "'('"), '6:25: fault.witness.expect must be a regular expression'],
    [
      'a fault undone elsewhere',
      least.replace('undo: unblock', 'undo: [{ on: workstation, run: x }]'),
      '7:3: fault.undo must be on nodes',
    ],
    ['two ways at once', `${least}runbooks:\n  x: { use: restart, run: y }\n`, '9:3: runbooks.x must have one of'],
    ['an unknown runbook', `${least}runbooks:\n  restrt:\n`, '9:3: runbooks.restrt names restrt'],
    ['an unknown alert', `${least}alerts: [nobody]\n`, '8:10: alerts.0 names nobody'],
    [
      'an SLI that nobody asks for',
      `${least}alerts: [{ probe: web }]\n`,
      '8:12: alerts.0.probe is web, which no probe',
    ],
    ['a step that does two things', `${least}setup: [{ run: x, until: y }]\n`, '8:9: setup.0 must have one of'],
    ['no YAML', `${least}alerts: [\n`, '9:1: not YAML'],
  ];
  it.each(wrong)('says where there is %s', async (_, text, message) => {
    const error: unknown = await read(text).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(FiredrillError);
    expect((error as FiredrillError).message.startsWith(`some/ours.yaml:${message}`), (error as Error).message).toBe(
      true,
    );
    expect((error as FiredrillError).hint).toContain('docs/own-outages.md');
  });
});
