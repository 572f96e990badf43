import { describe, expect, it } from 'vitest';
import type { DetectorRecord } from '../../model/record.ts';
import { detectorsOf } from './alarms.ts';
import { indexLog } from '../log.ts';
import { observe } from '../observation.ts';
import { analyseTrial } from '../record.ts';
import { buildLog, type LogSpec } from '../../../test/support/log-builder.ts';

/** Fault from 30 s to 31 s, first changing command at 61 s, end at 120 s. */
const spec: LogSpec = {
  probes: [{ sli: 'dns', outages: [[31_500, 71_000]] }],
  detectors: [{ id: 'node', periodMs: 60_000 }],
  steps: [
    { name: 'look', changes: false, fromMs: 50_000, toMs: 51_000 },
    { name: 'restart', fromMs: 61_000, toMs: 65_000 },
  ],
  endMs: 120_000,
};
const said = (atMs: number, state: 'quiet' | 'firing' | 'blind' | 'ended', what?: string) =>
  ({ atMs, detector: 'node', state, ...(what === undefined ? {} : { what }) }) as const;
const log = (readings: LogSpec['readings'], change: Partial<LogSpec> = {}) =>
  buildLog({ ...spec, readings: [said(3000, 'quiet'), ...(readings ?? []), said(90_000, 'quiet')], ...change });
const judge = (readings: LogSpec['readings'], change: Partial<LogSpec> = {}): DetectorRecord => {
  const indexed = indexLog(log(readings, change));
  const [detector] = detectorsOf(indexed, observe(indexed));
  if (detector === undefined) throw new Error('no detector');
  return detector;
};

describe('an alert is asked until the first changing command', () => {
  it('and detects what it says until then, also after a command that only looks', () => {
    expect(judge([said(55_000, 'firing', 'NotReady')])).toMatchObject({
      status: 'detected',
      ttd: { lo: 24_000, hi: 25_000 },
      // From the later end of the onset.
      askedMs: 30_000,
    });
    // In the very instant of the command it cannot be the command's doing.
    expect(judge([said(61_000, 'firing', 'NotReady')]).status).toBe('detected');
  });

  it('and has missed it when it fires only then: that may be the cure', () => {
    const missed = judge([said(61_001, 'firing', 'NotReady')]);
    expect(missed).toMatchObject({ status: 'missed', askedMs: 30_000 });
    expect(missed.ttd).toBeUndefined();
    expect(missed.what).toBeUndefined();
  });

  it('so what it says or cannot see of the cure is no wrong diagnosis of the outage, and no blindness', () => {
    expect(judge([said(62_000, 'firing', 'disk is full')]).status).toBe('missed');
    expect(judge([said(62_000, 'blind', 'no API')]).status).toBe('missed');
    expect(judge([said(55_000, 'firing', 'disk is full'), said(62_000, 'firing', 'NotReady')]).status).toBe(
      'misdiagnosed',
    );
    expect(judge([said(55_000, 'blind', 'no API'), said(62_000, 'firing', 'NotReady')])).toMatchObject({
      status: 'blind',
      what: 'no API',
    });
    // That it died is a finding about the alert, whenever it did.
    expect(judge([said(62_000, 'ended', 'EOF')]).status).toBe('dead');
  });

  it("to the end where nothing was changed, and the fault's own commands change nothing of that", () => {
    expect(judge([said(80_000, 'firing', 'NotReady')], { steps: [] })).toMatchObject({
      status: 'detected',
      askedMs: 89_000,
    });
    expect(judge([], { steps: [] })).toMatchObject({ status: 'missed', askedMs: 89_000 });
  });

  it('but is not asked without a fault', () => {
    const control = judge([said(80_000, 'firing', 'NotReady')], { inject: null, control: 'healthy', steps: [] });
    expect(control).toMatchObject({ status: 'misdiagnosed', falseAlarms: 1 });
    expect(control.askedMs).toBeUndefined();
    // After a runbook on a healthy cluster what fires is the runbook's.
    const cured = judge([said(62_000, 'firing', 'NotReady')], { inject: null, control: 'on-healthy' });
    expect(cured).toMatchObject({ status: 'misdiagnosed', falseAlarms: 0 });
  });
});

it('an alert that the cure set off has to be quiet again all the same before all is whole', () => {
  const late = log([said(62_000, 'firing', 'NotReady')], {});
  expect(analyseTrial(late).fullRecovery).toMatchObject({ hi: 60_000 });
  const still = buildLog({ ...spec, readings: [said(3000, 'quiet'), said(62_000, 'firing', 'NotReady')] });
  const record = analyseTrial(still);
  expect(record.detectors[0]?.status).toBe('missed');
  expect(record.fullRecoveryMissing).toEqual(['alert node is still firing']);
});

describe('an alert of a rule', () => {
  const labels = { alertname: 'node', node: 'worker2', severity: 'warning' };
  const rule = { id: 'node', periodMs: 60_000, expects: '', right: [{ node: 'worker2' }] };
  const told = (atMs: number, own = labels) => ({ ...said(atMs, 'firing', 'node{...}'), labels: own });

  it('is right by its labels, and ends with its notification; what Prometheus had is kept apart', () => {
    const record = judge([told(50_000)], {
      detectors: [rule],
      alerts: [
        { alertname: 'node', labels: { node: 'worker' }, firingMs: 40_000, lastMs: 60_000 },
        { alertname: 'node', labels: { node: 'worker2' }, pendingMs: 29_000, firingMs: 45_000, lastMs: 60_000 },
        { alertname: 'node', labels: { node: 'worker2' }, pendingMs: 52_000, firingMs: 70_000, lastMs: 80_000 },
      ],
    });
    expect(record).toMatchObject({
      status: 'detected',
      ttd: { lo: 19_000, hi: 20_000 },
      // Pending before the outage began, by its later end at 31 s.
      stages: { pendingMs: -2000, firingMs: 14_000 },
    });
  });

  it('is a wrong diagnosis with others, and has no stages where Prometheus kept none', () => {
    const other = judge([told(50_000, { ...labels, node: 'worker' })], { detectors: [rule] });
    expect(other.status).toBe('misdiagnosed');
    expect(judge([told(50_000)], { detectors: [rule] })).not.toHaveProperty('stages');
  });
});
