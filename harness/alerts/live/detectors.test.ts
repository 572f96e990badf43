import { describe, expect, it } from 'vitest';
import { detects, isRight } from '../../model/detector.ts';
import { profiles, shortenedBy } from '../../model/profile.ts';
import { millis, minutes, seconds } from '../../model/units.ts';
import { alertDetectors } from './detectors.ts';
import { alertTimes } from './times.ts';

const rule = (name: string, forMs: number, labels = {}) => ({ name, forMs: millis(forMs), labels });

describe('the alerts of rules', () => {
  const detectors = alertDetectors(
    {
      from: ['stock'],
      alerts: [
        rule('NodeDown', minutes(2), { severity: 'critical' }),
        rule('NodeDown', minutes(1), { severity: 'warning' }),
        rule('Watchdog', 0, { severity: 'none' }),
        rule('TargetDown', 0),
        rule('DiskFull', 0),
      ],
    },
    [{ alertname: 'NodeDown', labels: { node: 'worker2' } }],
    new Set(['NodeDown', 'DiskFull']),
  );

  it('are one for each name, and none for a rule by which nobody is told', () => {
    expect(detectors.map(({ id }) => id)).toEqual(['NodeDown', 'TargetDown', 'DiskFull']);
  });

  it('say how long they take at least: the shortest of the name, and what Alertmanager waits', () => {
    const [node] = detectors;
    expect(node?.leastTtdMs(profiles.fast)).toBe(60_000 + 4000);
    expect(node?.loop(profiles.stock)).toBe(
      'scraped every 15 s (components more rarely), evaluated every 30 s, must hold for 60 s; Alertmanager waits 30 s for others of the name',
    );
  });

  it('are right by name and labels, wrong where they name the cause of another outage, and else not judged', () => {
    const [node, target, disk] = detectors;
    if (node === undefined || target === undefined || disk === undefined) throw new Error('no detectors');
    const what = 'NodeDown{...}';
    expect(isRight(node, { what, labels: { alertname: 'NodeDown', node: 'worker2', severity: 'warning' } })).toBe(true);
    expect(isRight(node, { what, labels: { alertname: 'NodeDown', node: 'worker' } })).toBe(false);
    const down = { what, labels: { alertname: 'TargetDown', job: 'kubelet' } };
    expect([isRight(target, down), detects(target, down)]).toEqual([false, true]);
    const full = { what, labels: { alertname: 'DiskFull' } };
    expect([isRight(disk, full), detects(disk, full)]).toEqual([false, false]);
  });

  it('are not judged where nobody has said what names the cause, and all wrong where nothing does', () => {
    const of = (right?: []) =>
      alertDetectors({ from: ['stock'], alerts: [rule('NodeDown', 0)] }, right, new Set(['NodeDown'])).map(
        ({ judged, right: labels }) => ({ judged, labels }),
      );
    expect(of()).toEqual([{ judged: false, labels: [] }]);
    expect(of([])).toEqual([{ judged: undefined, labels: [] }]);
  });

  it('are there twice where a second Prometheus evaluates them, inside the cluster', () => {
    const rules = { from: ['stock'], alerts: [rule('NodeDown', 0), rule('DnsDown', 0)] };
    const ids = (inside: boolean) => alertDetectors({ ...rules, inside }, undefined, new Set()).map(({ id }) => id);
    expect(ids(false)).toEqual(['NodeDown', 'DnsDown']);
    expect(ids(true)).toEqual(['NodeDown', 'DnsDown', 'NodeDown@inside', 'DnsDown@inside']);
  });

  it('end with a reason in a trial beside which nothing is evaluated', async () => {
    const watch = async () => {
      for await (const reading of detectors[0]?.watch({} as never, profiles.fast) ?? [])
        expect(reading).toBeUndefined();
    };
    await expect(watch()).rejects.toThrow('no rules are evaluated beside this trial');
  });
});

it('has one factor between the profiles: that of what is scraped', () => {
  expect(shortenedBy(profiles.stock)).toBe(1);
  expect(shortenedBy(profiles.fast)).toBe(7.5);
  const [stock, fast] = [alertTimes(profiles.stock), alertTimes(profiles.fast)];
  for (const [name, ms] of Object.entries(stock)) expect(ms / fast[name as keyof typeof fast]).toBe(7.5);
  expect(stock.evaluationMs).toBe(seconds(30));
});
