import { probeFailing } from '../detectors/probe-failing.ts';
import { stepProblems } from '../model/check.ts';
import type { Detector } from '../model/detector.ts';
import type { WitnessCheck } from '../model/fault.ts';
import type { Probe } from '../model/probe.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import type { Scenario } from '../model/scenario.ts';
import type { NodeSelector, Place, Step } from '../model/step.ts';
import { millis, minutes, seconds, type Millis } from '../model/units.ts';
import { commandAlert } from './command-alert.ts';
import {
  outageFile,
  type CheckFields,
  type AlertField,
  type ProbeAlertFields,
  type RunbookFields,
  type StepsField,
} from './outage-file.ts';
import { ownProbe } from './own-probe.ts';
import { readYaml } from './yaml-file.ts';

/** What an outage file may name, given by whoever loads it. Lookups throw a plain Error with the reason. */
export interface Surroundings {
  /** What the nodes run. */
  readonly distribution: string;
  /** What is measured on a workload (one of ours by its name, or a user's own by its folder), and what its users ask for. */
  readonly measured: (workload: string) => Pick<Scenario, 'probes' | 'users'>;
  /** The alerts that a file gets which names none; `sli` is what the synthetic check asks for. */
  readonly alerts: (sli: string) => readonly Detector[];
  /** An alert by its name, or by `scenario/name`. */
  readonly alert: (name: string) => Promise<Detector>;
  /** A runbook by its name, or by `scenario/name`. */
  readonly runbook: (name: string) => Promise<ClaimedRunbook>;
  /** The runbook in a Markdown file, its path as the outage file has it. */
  readonly page: (path: string) => ClaimedRunbook;
  /** The control that does nothing. */
  readonly control: ClaimedRunbook;
  /** A workload's folder, absolute or under `manifests/`. */
  readonly workload: (path: string) => string;
}

const hint = 'docs/own-outages.md has the whole format';
const defaults = {
  workload: 'resurrection',
  timeout: seconds(60),
  lookTimeout: seconds(20),
  untilTimeout: seconds(60),
  within: seconds(30),
  watch: { fast: seconds(135), stock: minutes(10) },
} as const;

/** An outage, or why there is none on that distribution. */
export type OwnOutage = { readonly scenario: Scenario } | { readonly why: string };

/**
 * An outage from one YAML file: the same value as a scenario in TypeScript.
 * @param id its name: the file's, without folder and ending
 * @param file its path, which messages begin with; its last part is the source where the file names none
 * @throws FiredrillError `usage` with line, column and what was expected
 */
export async function outageOfYaml(text: string, id: string, file: string, around: Surroundings): Promise<OwnOutage> {
  const { value, problem } = readYaml(text, file, outageFile, hint);
  const { fault } = value;
  const distributions: readonly string[] | undefined = value.distributions;
  // Before anything is looked up: what the outage names may not be there, either.
  if (distributions?.includes(around.distribution) === false)
    return { why: `its file says that it is one of ${distributions.join(' and ')}` };
  const name = file.split(/[\\/]/).at(-1) ?? file;
  const source = value.source ?? name;
  const { fidelity = 'real' } = value;
  const targets: NodeSelector = value.on ?? 'nodes';
  const steps = (field: StepsField | undefined, path: readonly PropertyKey[], what: string, on: Place = targets) => {
    const made = stepsOf(field, on, what, (at, why) => problem([...path, ...at], why));
    const [wrong] = stepProblems(what, made);
    if (wrong !== undefined) throw problem(path, wrong);
    return made;
  };
  const checks = (field: CheckFields | readonly CheckFields[], what: string): readonly WitnessCheck[] =>
    [field].flat().map(({ name, on = targets, run, expect }, i) => ({
      name: name ?? `${what}${i === 0 ? '' : ` ${i + 1}`}`,
      ...{ on, command: run, expect },
    }));
  const named = async <T>(path: readonly PropertyKey[], look: () => T | Promise<T>): Promise<T> => {
    try {
      return await look();
    } catch (error) {
      throw problem(path, error instanceof Error ? error.message : String(error));
    }
  };
  const undo = steps(fault.undo, ['fault', 'undo'], 'undo');
  if (undo.some(({ on }) => on === 'workstation'))
    throw problem(['fault', 'undo'], 'must be on nodes: the workstation may have lost the API by then');
  const workload = value.workload ?? defaults.workload;
  const folder = await named(['workload'], () => around.workload(workload));
  const own = Object.entries(value.probes ?? {}).map(([sli, fields]) => ownProbe(sli, fields));
  const measured = around.measured(folder);
  const given = measured.probes.filter(({ sli }) => own.every((probe) => probe.sli !== sli));
  const runbooks: ClaimedRunbook[] = [];
  for (const [runbook, fields] of Object.entries(value.runbooks ?? {})) {
    const path = ['runbooks', runbook];
    const made = await named(path, () => runbookOf(runbook, fields ?? {}, around));
    runbooks.push(
      made ?? ownRunbook(runbook, fields ?? {}, steps(fields?.run, [...path, 'run'], `runbook ${runbook}`), source),
    );
  }
  if (runbooks.every(({ runbook }) => runbook.id !== 'wait')) runbooks.unshift(around.control);
  const alertOf = async (alert: AlertField, i: number): Promise<Detector> => {
    if (typeof alert === 'string') return await named(['alerts', i], () => around.alert(alert));
    return 'probe' in alert
      ? await named(['alerts', i, 'probe'], () => synthetic(alert, [...given, ...own]))
      : commandAlert(alert);
  };
  const [broken = ''] = value.breaks;
  const watch = { fast: value.watch ?? defaults.watch.fast, stock: longer(value.watch, defaults.watch.stock) };
  const scenario: Scenario = {
    outage: {
      title: value.title,
      source,
      date: 'undated',
      says: value.says ?? ['an outage of your own: nothing is on record of it'],
      undetectedMs: millis(0),
      recoveryMs: millis(0),
    },
    fidelity,
    differences: value.differences ?? [],
    cluster: { workers: value.workers ?? 2, workload: folder },
    ...(value.build === undefined ? {} : { build: steps(value.build, ['build'], 'build') }),
    ...(value.setup === undefined ? {} : { setup: steps(value.setup, ['setup'], 'setup') }),
    probes: [...given, ...own],
    breaks: value.breaks,
    keeps: value.keeps ?? [],
    fault: {
      id,
      title: fault.title ?? value.title,
      source,
      fidelity,
      params: {},
      targets,
      prepare: steps(fault.prepare, ['fault', 'prepare'], 'prepare'),
      inject: steps(fault.inject, ['fault', 'inject'], 'inject'),
      witness: checks(fault.witness, 'it is in effect'),
      witnessDeadlineMs: fault.within ?? defaults.within,
      ...(fault['not-yet'] === undefined ? {} : { notYet: checks(fault['not-yet'], 'it is not in effect yet') }),
      undo,
    },
    detectors:
      value.alerts === undefined
        ? around.alerts(broken)
        : await Promise.all(value.alerts.map((alert, i) => alertOf(alert, i))),
    ...(value['right-alerts'] === undefined
      ? {}
      : { rightAlerts: value['right-alerts'].map((one) => (typeof one === 'string' ? { alertname: one } : one)) }),
    runbooks,
    horizonMs: watch,
    ...(measured.users === undefined ? {} : { users: measured.users }),
  };
  return { scenario };
}

/** A check from outside: the requests of one of the SLIs. */
function synthetic({ probe, streak }: ProbeAlertFields, probes: readonly Probe[]): Detector {
  const found = probes.find(({ sli }) => sli === probe);
  if (found === undefined) throw new Error(`is ${probe}, which no probe measures`);
  const { periodMs, timeoutMs } = found;
  return probeFailing({ sli: probe, periodMs, timeoutMs, ...(streak === undefined ? {} : { streak }) });
}

const longer = (a: Millis | undefined, b: Millis): Millis => millis(Math.max(a ?? 0, b));

/** A runbook that stands elsewhere, with the claim that is made here; undefined where its steps stand in the file. */
async function runbookOf(
  name: string,
  { use, file, run, says, expect }: RunbookFields,
  around: Surroundings,
): Promise<ClaimedRunbook | undefined> {
  const given = [use, file, run].filter((way) => way !== undefined).length;
  if (given > 1) throw new Error('must have one of use, file and run');
  if (run !== undefined) return undefined;
  const found = file === undefined ? await around.runbook(use ?? name) : around.page(file);
  // What another outage's author claims for a runbook says nothing about this one.
  const claim = file === undefined ? { expect: 'unknown' as const, says: 'nothing is claimed' } : found.claim;
  return {
    ...found,
    runbook: { ...found.runbook, id: name },
    claim: { expect: expect ?? claim.expect, says: says ?? claim.says },
  };
}

function ownRunbook(
  id: string,
  { title, why, says, expect }: RunbookFields,
  steps: readonly Step[],
  file: string,
): ClaimedRunbook {
  return {
    runbook: { id, title: title ?? id, source: file, why: why ?? 'as its author says', steps },
    claim: { expect: expect ?? 'unknown', says: says ?? 'nothing is claimed' },
  };
}

/** Steps as the engine runs them. A bare text is one command on the outage's own nodes. */
function stepsOf(
  field: StepsField | undefined,
  on: Place,
  what: string,
  problem: (path: readonly PropertyKey[], why: string) => Error,
): readonly Step[] {
  if (field === undefined) return [];
  return [field].flat().map((one, i): Step => {
    const { run, until, reboot, ...fields } = typeof one === 'string' ? { run: one } : one;
    const at = Array.isArray(field) ? [i] : [];
    if ([run, until, reboot].filter((way) => way !== undefined).length !== 1)
      throw problem(at, 'must have one of run, until and reboot');
    const look = fields.look === true;
    const common = {
      name: fields.name ?? (run ?? until ?? `reboot`).trim().split('\n')[0]?.slice(0, 60).trimEnd() ?? what,
      changes: until === undefined && !look,
      ...(fields.optional === true || look ? { optional: true } : {}),
      ...(fields.finding === true ? { finding: true } : {}),
      ...(fields.destroys === undefined ? {} : { destroys: fields.destroys }),
    };
    if (reboot !== undefined)
      return { ...common, kind: 'reboot', on: reboot, timeoutMs: fields.timeout ?? defaults.timeout };
    const where = fields.on ?? on;
    if (until !== undefined)
      return {
        ...common,
        kind: 'until',
        on: where,
        command: until,
        timeoutMs: fields.timeout ?? defaults.untilTimeout,
      };
    const timeoutMs = fields.timeout ?? (look ? defaults.lookTimeout : defaults.timeout);
    return { ...common, kind: 'shell', on: where, command: run ?? '', timeoutMs };
  });
}
