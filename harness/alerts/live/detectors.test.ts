import { describe, expect, it } from 'vitest';
import { isRight } from '../../model/detector.ts';
import { profiles } from '../../model/profile.ts';
import { millis, minutes, seconds } from '../../model/units.ts';
import { alertDetectors } from './detectors.ts';
import { alertTimes, shortenedBy } from './times.ts';

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
      ],
    },
    [{ alertname: 'NodeDown', labels: { node: 'worker2' } }],
  );

  it('are one for each name, and none for a rule by which nobody is told', () => {
    expect(detectors.map(({ id }) => id)).toEqual(['NodeDown', 'TargetDown']);
  });

  it('say how long they take at least: the shortest of the name, and what Alertmanager waits', () => {
    const [node] = detectors;
    expect(node?.leastTtdMs(profiles.fast)).toBe(60_000 + 4000);
    expect(node?.loop(profiles.stock)).toBe(
      'scraped every 15 s, evaluated every 30 s, must hold for 60 s; Alertmanager waits 30 s for others of the name',
    );
  });

  it('are right by name and labels, and never right where the scenario does not name them', () => {
    const [node, target] = detectors;
    if (node === undefined || target === undefined) throw new Error('no detectors');
    const what = 'NodeDown{...}';
    expect(isRight(node, { what, labels: { alertname: 'NodeDown', node: 'worker2', severity: 'warning' } })).toBe(true);
    expect(isRight(node, { what, labels: { alertname: 'NodeDown', node: 'worker' } })).toBe(false);
    expect(isRight(target, { what, labels: { alertname: 'TargetDown', job: 'kubelet' } })).toBe(false);
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
