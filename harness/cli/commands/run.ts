import { randomInt } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { leastHorizonMs } from '../../model/check.ts';
import { alertDetectors } from '../../alerts/live/detectors.ts';
import type { RuleSet } from '../../alerts/live/rule-set.ts';
import { realRunner } from '../../host/run.ts';
import type { ProgressEvent } from '../../model/progress.ts';
import { profiles } from '../../model/profile.ts';
import { requireSound } from '../sound.ts';
import { exitCodes, FiredrillError } from '../../model/errors.ts';
import { controlsOf, type Plan, type Trigger } from '../../model/plan.ts';
import type { Limits } from '../../model/limits.ts';
import { humanDuration, millis, type Millis } from '../../model/units.ts';
import type { ControlWord } from '../../engine/controls.ts';
import type { ImageMode, KubernetesMinor } from '../../images/refs.ts';
import { leastBlocks } from '../../analysis/significance.ts';
import { makePlan } from '../../engine/plan.ts';
import type { CommandContext } from '../context.ts';
import { distributions } from '../../distributions/all.ts';
import type { DistributionName } from '../../model/distribution.ts';
import type { ClaimedRunbook } from '../../model/runbook.ts';
import type { Scenario } from '../../model/scenario.ts';
import { chosenRunbooks, nameOfScenario, onOwnWorkload, ownOf, withRunbooks } from '../own.ts';
import { callResponders, respondersOf, type Called } from '../responders.ts';
import { scenarioDir } from '../load-code.ts';
import {
  alertsThatNameCauses,
  findRunbook,
  loadExistence,
  loadScenario,
  requireDetector,
  scenarioIds,
} from '../load.ts';
import { flagsOfAll } from '../kinds.ts';
import type { ReporterName } from '../options.ts';
import { planPage } from '../page.ts';
import { chooseReporter, makeReporter, realWorld } from '../progress/reporter.ts';
import type { Part, RunPart, Series, SeriesOptions } from '../series.ts';
import {
  findRun,
  inShort,
  overviewPage,
  readRun,
  reportJson,
  seriesTable,
  tableOf,
  type ShortRun,
  type StoredRun,
} from '../stored.ts';
import { objectiveFor, type NamedObjective } from '../objectives.ts';
import { worst } from '../worst.ts';
import { writeWhole } from '../../engine/write-whole.ts';

export interface RunFlags {
  readonly runbook?: readonly string[];
  /** Who responds at a desk, beside the runbooks or instead of them: programs, or baselines by name. */
  readonly responder?: readonly string[];
  /** The same, where whoever calls this has them at hand already. */
  readonly called?: readonly Called[];
  /** Control arms beside the runbooks. */
  readonly controls?: readonly ControlWord[];
  readonly trials: number;
  /** Ends as soon as it is decided, by the plan's own rules. */
  readonly decide?: boolean;
  /** How long an arm is watched, once, after service is stable. */
  readonly confirm?: Millis;
  /** What recovery must be like. */
  readonly objective?: readonly NamedObjective[];
  readonly parallel: number;
  readonly seed?: number;
  readonly profile: 'stock' | 'fast';
  readonly trigger: Trigger;
  readonly keep: 'never' | 'on-failure' | 'always';
  readonly images: ImageMode;
  readonly kubernetes?: KubernetesMinor;
  /** What the nodes run. */
  readonly distribution: DistributionName;
  /** Other distributions, whose trials are drawn into the same blocks. */
  readonly beside?: readonly DistributionName[];
  readonly reporter?: ReporterName;
  readonly out: string;
  /** Watch each trial so long instead of the scenario's own horizon. */
  readonly horizon?: Millis;
  readonly timeout?: Millis;
  /** When a trial is stopped, for this machine's sake. */
  readonly abortIf: Limits;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly openFence?: boolean;
  readonly fresh?: boolean;
  /** A stored run to go on with. */
  readonly resume?: string;
  /** Rule files and folders whose rules are evaluated beside each trial; none when empty. */
  readonly rules?: readonly string[];
  /** Whether a second Prometheus evaluates them, inside the cluster. */
  readonly rulesInside?: boolean;
  /** A folder of manifests that is deployed in place of our workload, and the file of its SLIs. */
  readonly workload?: string;
  readonly slis?: string;
  /** Flags that were typed, and did not get their default. */
  readonly typed?: readonly string[];
}

/**
 * `run <scenario...>`: rehearses scenarios one after the other (`all`: every one there is), and ends with one line for each. Everything
 * the command line can get wrong is checked before anything is touched. Of several, one that fails does not end the series. The exit
 * code is the worst of the scenarios': 1 before 4 before 0; 124 when the time was up.
 */
export async function run(context: CommandContext, ids: readonly string[], given: RunFlags): Promise<number> {
  const begun = await findResumable(ids, given);
  const chosen = begun.flags.runbook === undefined ? undefined : chosenRunbooks(begun.flags.runbook);
  const called =
    begun.flags.called ??
    callResponders(
      begun.run === undefined ? (begun.flags.responder ?? []) : respondersOf(begun.run.plan),
      resolve(begun.flags.out),
    );
  const asked = [...(chosen?.ids ?? []), ...(begun.run === undefined ? called.map(({ id }) => id) : [])];
  const flags = { ...begun.flags, ...(asked.length === 0 ? {} : { runbook: asked }) };
  const own = [
    ...(begun.run === undefined ? (chosen?.own ?? []) : ownOf(begun.run.plan)),
    ...called.map(({ claimed }) => claimed),
  ];
  const responders = new Map(called.map(({ id, responder }) => [id, responder]));
  if (own.length > 0) requireOneOutage(begun.ids, own);
  const parts = await soundParts(context, begun.ids, flags, own);
  if (begun.run === undefined) requireDecidable(parts.length, flags);
  const { beside = [] } = flags;
  if (beside.length > 0) requireBeside(begun.ids, flags);
  // Written into plan.json, so that any run can be repeated exactly.
  const seed = flags.seed ?? randomInt(2 ** 31);
  /** Runs side by side have one each, for their ids come of it. */
  const seedOf = ({ distribution }: Part): number => seed + [flags.distribution, ...beside].indexOf(distribution);
  const out = resolve(flags.out);
  const arms = {
    ...(flags.runbook === undefined ? {} : { runbooks: flags.runbook }),
    ...(flags.controls === undefined ? {} : { controls: flags.controls }),
    ...(flags.decide === undefined ? {} : { decide: flags.decide }),
    ...(flags.confirm === undefined ? {} : { confirmMs: flags.confirm }),
  };
  const objectiveOf = ({ id, scenario }: Part) => {
    const objective = objectiveFor(flags.objective ?? [], id, scenario.horizonMs[flags.profile]);
    return objective === undefined ? {} : { objective };
  };
  for (const part of parts) objectiveOf(part);
  requireObjectivesKnown(flags.objective ?? [], parts);
  if (flags.dryRun === true) {
    const { profile, trials, trigger } = flags;
    const plans = parts.map((part) => ({
      scenario: part.scenario,
      plan: makePlan({
        scenarioId: part.id,
        scenario: part.scenario,
        profile,
        distribution: part.distribution,
        trials,
        seed: seedOf(part),
        trigger,
        ...arms,
        ...objectiveOf(part),
        createdEpochMs: Date.now(),
      }),
    }));
    context.output.result(
      flags.json === true
        ? JSON.stringify(plans.length === 1 ? plans[0]?.plan : plans.map(({ plan }) => plan), null, 2)
        : plans.map(({ plan, scenario }) => planPage({ ...flags, plan, scenario, out })).join('\n'),
    );
    return exitCodes.done;
  }

  const reporter = makeReporter(chooseReporter(flags.reporter, context.output, context.env), realWorld(context.output));
  const runPart: RunPart = async (part, { resume, timeoutMs, shared, onProgress }) => {
    // Loaded only now: `--help` and typing mistakes should not wait for the Kubernetes client.
    const { runScenario } = await import('../../engine/run.ts');
    return runScenario({
      scenarioId: part.id,
      scenario: part.scenario,
      profile: flags.profile,
      distribution: part.distribution,
      trials: flags.trials,
      parallel: flags.parallel,
      seed: seedOf(part),
      ...arms,
      ...objectiveOf(part),
      keep: flags.keep,
      images: flags.images,
      ...(part.rules === undefined ? {} : { rules: part.rules }),
      ...(flags.kubernetes === undefined ? {} : { kubernetes: flags.kubernetes }),
      out,
      trigger: flags.trigger,
      openFence: flags.openFence ?? false,
      limits: flags.abortIf,
      fresh: flags.fresh ?? false,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(resume === undefined ? {} : { resume }),
      ...(shared === undefined ? {} : { shared }),
      ...(responders.size === 0 ? {} : { responders }),
      onProgress,
      signal: context.signal,
    });
  };
  const inTime = flags.timeout === undefined ? {} : { timeoutMs: flags.timeout };
  const [only, ...others] = parts;
  try {
    if (beside.length > 0) {
      const { rehearseBeside } = await import('../beside.ts');
      const how = { parts, blocks: flags.trials, seedOf, run: runPart, onProgress: reporter.onProgress, ...inTime };
      return await rehearseBeside(context, how, flags.json === true);
    }
    if (only === undefined || others.length > 0 || begun.series !== undefined) {
      const { newSeries } = await import('../series.ts');
      const { profile, distribution, trials, trigger, runbook, controls, horizon, objective } = flags;
      const series: Series =
        begun.series === undefined
          ? newSeries({
              createdEpochMs: Date.now(),
              asked: ids,
              scenarios: parts.map(({ id }) => id),
              ...{ profile, distribution, seed, trials, trigger },
              ...(runbook === undefined ? {} : { runbook }),
              ...(controls === undefined ? {} : { controls }),
              ...(horizon === undefined ? {} : { horizonMs: horizon }),
              ...(objective === undefined ? {} : { objective }),
            })
          : { ...begun.series, trials };
      const how = { out, parts, run: runPart, onProgress: reporter.onProgress, ...inTime };
      return await rehearseSeries(context, series, how, flags);
    }
    const { runDir, exitCode } = await runPart(only, {
      ...(begun.run === undefined ? {} : { resume: begun.run }),
      ...inTime,
      onProgress: reporter.onProgress,
    });
    const run = await readRun(runDir);
    context.output.result(
      flags.json === true ? JSON.stringify(reportJson(runDir), null, 2) : await tableOf(run, context.output),
    );
    if (context.signal.aborted)
      context.output.tell(`to continue: npm run scenario ${only.id} -- --resume ${run.plan.runId}${outAsTyped(flags)}`);
    return exitCode;
  } finally {
    reporter.stop();
  }
}

/** Several scenarios in turn, and one line for each at the end. */
async function rehearseSeries(
  { output, signal }: CommandContext,
  series: Series,
  how: Pick<SeriesOptions, 'out' | 'parts' | 'run' | 'onProgress' | 'timeoutMs'>,
  flags: RunFlags,
): Promise<number> {
  const { pageOf, resumeCommand, runSeries } = await import('../series.ts');
  const json: unknown[] = [];
  const stored: ShortRun[] = [];
  const failed: string[] = [];
  const codes = await runSeries(series, {
    ...how,
    signal,
    onEnded: async (run, news) => {
      stored.push(await inShort(run));
      if (flags.json === true) json.push(reportJson(run.runDir));
      else if (news) output.result(await tableOf(run, output));
    },
    onFailed: (line) => {
      failed.push(line);
      output.tell(`firedrill: ${line}`);
    },
  });
  const page = pageOf(how.out, series.seriesId);
  writeWhole(page, await overviewPage(stored, dirname(page)));
  if (flags.json === true) output.result(JSON.stringify(json, null, 2));
  else
    output.result(
      [await seriesTable(stored, output), ...failed.map((line) => `failed: ${line}`), `On one page: ${page}`].join(
        '\n',
      ),
    );
  if (signal.aborted || codes.length < how.parts.length || failed.length > 0)
    output.tell(`to continue: ${resumeCommand(series)}${outAsTyped(flags)}`);
  return worst(codes);
}

/** Where it lies has to be said again, if it was said. */
const outAsTyped = ({ typed, out }: RunFlags) => (typed?.includes('out') === true ? ` --out ${out}` : '');

/** The scenarios of these names, on every distribution that was asked for, with everything that the command line says of them found to be there. */
async function soundParts(
  context: CommandContext,
  ids: readonly string[],
  flags: RunFlags,
  own: readonly ClaimedRunbook[],
): Promise<readonly Part[]> {
  const parts: Part[] = [];
  const on = [flags.distribution, ...(flags.beside ?? [])];
  for (const [asked, distribution] of ids.flatMap((one) => on.map((name) => [one, name] as const))) {
    const id = nameOfScenario(asked);
    const declared = moved(context, id, await loadScenario(asked, scenarioDir(), distributions[distribution]), flags);
    const scenario = withRunbooks(declared, own);
    await requireSound(asked, declared, own);
    // Only the profile that is run is watched otherwise: the other one's timers may need more than was asked for.
    const horizonMs = {
      ...scenario.horizonMs,
      ...(flags.horizon === undefined ? {} : { [flags.profile]: flags.horizon }),
    };
    parts.push({ id, distribution, scenario: { ...scenario, horizonMs } });
  }
  requireExporters(flags);
  const rules = await soundRules(context, flags);
  if (flags.horizon !== undefined) requireLongEnough(flags.horizon, parts, flags.profile);
  for (const { id, scenario } of parts) {
    for (const runbook of flags.runbook ?? []) findRunbook(id, scenario, runbook);
  }
  const known = rules === undefined ? new Set<string>() : await alertsThatNameCauses();
  const watched = parts.map((part) => withRules(part, rules, known));
  for (const { id, scenario } of watched)
    if (flags.trigger.kind === 'detector') requireDetector(id, scenario, flags.trigger.id);
  return watched;
}

/** A scenario on the workload that was asked for; says which of its runbooks are left out there. */
function moved({ output }: CommandContext, id: string, scenario: Scenario, { workload, slis }: RunFlags): Scenario {
  if (workload === undefined) return scenario;
  const on = onOwnWorkload(id, scenario, { workload, ...(slis === undefined ? {} : { slis }) });
  if (on.without.length > 0) output.tell(`without ${on.without.join(', ')}: for firedrill's own workload`);
  return on.scenario;
}

/** Throws `usage` where rules could not be evaluated: the exporters of a node are units of its systemd. */
function requireExporters({ rules = [], distribution, beside = [] }: RunFlags): void {
  const without = [distribution, ...beside].find((name) => distributions[name].init !== 'systemd');
  if (rules.length > 0 && without !== undefined)
    throw new FiredrillError(
      'usage',
      `--rules needs systemd on the nodes, and those of ${distributions[without].title ?? without} have none`,
      {
        hint: 'omit --provider k3d, or --rules',
      },
    );
}

/** The rules that were asked for, read and found sound; undefined for none. */
async function soundRules(
  { output, signal }: CommandContext,
  { rules = [], rulesInside = false, profile, dryRun }: RunFlags,
): Promise<RuleSet | undefined> {
  if (rules.length === 0) {
    if (rulesInside)
      throw new FiredrillError('usage', '--rules-inside says where, and no --rules says which', {
        hint: '--rules stock --rules-inside',
      });
    return undefined;
  }
  const [{ loadRuleSet, rulePaths }, { checkRules }, { ensureTools, findTools }] = await Promise.all([
    import('../../alerts/live/load.ts'),
    import('../../alerts/check.ts'),
    import('../../alerts/tools.ts'),
  ]);
  const set = { ...loadRuleSet(rules, profiles[profile]), inside: rulesInside };
  // Whoever only looks at a plan gets nothing fetched.
  const tell = (event: ProgressEvent): void => {
    if (event.type === 'setup' && event.state === 'started')
      output.tell(`promtool, to check the rules: ${event.detail ?? ''}`);
  };
  const tools = dryRun === true ? await findTools({}, signal) : await ensureTools({}, tell, signal);
  if (tools !== undefined) await checkRules(realRunner, tools, rulePaths(rules), signal);
  return set;
}

/** With the alerts of rules among the detectors. */
const withRules = (part: Part, rules: RuleSet | undefined, known: ReadonlySet<string>): Part =>
  rules === undefined
    ? part
    : {
        ...part,
        rules,
        scenario: {
          ...part.scenario,
          detectors: [...part.scenario.detectors, ...alertDetectors(rules, part.scenario.rightAlerts, known)],
        },
      };

/** Throws `usage` where a runbook's delay and the time that a recovery has to hold would not fit into the horizon that was asked for. */
function requireLongEnough(horizonMs: Millis, parts: readonly Part[], profile: RunFlags['profile']): void {
  const [longest] = parts
    .map(({ id, scenario }) => ({ id, leastMs: leastHorizonMs(scenario, profile) }))
    .sort((a, b) => b.leastMs - a.leastMs);
  if (longest === undefined || horizonMs > longest.leastMs) return;
  const seconds = Math.floor(longest.leastMs / 1000) + 1;
  throw new FiredrillError(
    'usage',
    `--horizon ${humanDuration(horizonMs)} is too short for ${longest.id}: a runbook's delay and the stability window take ${humanDuration(longest.leastMs)}`,
    { hint: `--horizon ${seconds}s, or more` },
  );
}

/** Throws `usage` where an objective names a scenario that is not run, unless others are for those that are: a file may hold all of them. */
function requireObjectivesKnown(given: readonly NamedObjective[], parts: readonly Part[]): void {
  const run = (scenario: string | undefined): boolean =>
    scenario === undefined || parts.some(({ id }) => id === scenario);
  const [first] = given;
  if (first === undefined || given.some(({ scenario }) => run(scenario))) return;
  throw new FiredrillError(
    'usage',
    `no objective is for ${parts.map(({ id }) => id).join(', ')}: ${given.map(({ scenario }) => scenario ?? '').join(', ')}`,
    {
      hint: `--objective '${parts[0]?.id ?? 'cni-wipe'}: 5m, 0 rows'`,
    },
  );
}

/** Throws `usage` where a run that is to be decided could not be: too few blocks, or several outages, each of which has rules of its own. */
function requireDecidable(parts: number, { decide, trials, typed }: RunFlags): void {
  if (decide !== true) return;
  const least = leastBlocks(2);
  if (parts > 1)
    throw new FiredrillError('usage', '--decide takes one scenario: each outage is decided separately', {
      hint: `npm run scenario cni-wipe -- --decide --trials 20`,
    });
  if (trials < least)
    throw new FiredrillError(
      'usage',
      `--decide with ${typed?.includes('trials') === true ? `--trials ${trials}` : 'one trial'}: fewer than ${least} blocks cannot decide anything`,
      { hint: '--trials 20: the maximum; the run ends as soon as it is decided' },
    );
}

/** Throws `usage` where a runbook of the user's own would be tried on several outages: which one it is for, its page says. */
function requireOneOutage(ids: readonly string[], [first]: readonly ClaimedRunbook[]): void {
  if (ids.length === 1) return;
  throw new FiredrillError('usage', `${first?.runbook.source ?? 'a runbook of your own'} takes one scenario`, {
    hint: 'npm run scenario cni-wipe -- --runbook ./our-runbook.md',
  });
}

/** Throws `usage` where runs that are to share their blocks could not: of several outages, or trials at the same time. */
function requireBeside(ids: readonly string[], { distribution, beside = [], parallel, typed }: RunFlags): void {
  const list = flagsOfAll([distribution, ...beside]);
  if (ids.length !== 1)
    throw new FiredrillError('usage', `${list} takes one scenario`, {
      hint: `npm run scenario cni-wipe -- ${list}`,
    });
  if (parallel > 1 && typed?.includes('parallel') === true)
    throw new FiredrillError('usage', `${list} runs one trial at a time`, { hint: 'remove --parallel' });
}

/** What is run, with which flags, and what of it is there already. */
interface Resumable {
  readonly ids: readonly string[];
  readonly flags: RunFlags;
  /** The run of the one scenario. */
  readonly run?: StoredRun;
  /** Or the series of several. */
  readonly series?: Series;
}

/** All scenarios that exist on a distribution. */
export async function thoseOn(name: RunFlags['distribution']): Promise<readonly string[]> {
  const ids = [];
  for (const id of scenarioIds())
    if ('scenario' in (await loadExistence(id, scenarioDir(), distributions[name]))) ids.push(id);
  return ids;
}

async function findResumable(typed: readonly string[], given: RunFlags): Promise<Resumable> {
  const ids = [...new Set(typed.includes('all') ? await thoseOn(given.distribution) : typed)];
  if (given.resume === undefined) return { ids, flags: given };
  requireAsItBegan(given);
  if (typed.includes('all') || ids.length > 1) {
    const { findSeries } = await import('../series.ts');
    const series = findSeries(given.resume, resolve(given.out), typed);
    const { profile, distribution = 'kubeadm', seed, trigger, runbook, controls, horizonMs, objective } = series;
    const trials = Math.max(series.trials, given.trials);
    const flags = {
      ...{ ...given, profile, distribution, seed, trigger, trials },
      ...(runbook === undefined ? {} : { runbook }),
      ...(controls === undefined ? {} : { controls }),
      ...(horizonMs === undefined ? {} : { horizon: millis(horizonMs) }),
      ...(objective === undefined ? {} : { objective }),
    };
    return { ids: series.scenarios, flags, series };
  }
  const run = await storedRun(ids, given, given.resume);
  return { ids, flags: { ...given, ...asPlanned(run.plan) }, run };
}

/** Flags that are fixed by the plan: they may not differ between the trials of a run. */
const planFlags = [
  'runbook',
  'responder',
  'controls',
  'seed',
  'profile',
  'distribution',
  'provider',
  'trigger',
  'horizon',
  'decide',
  'confirm',
  'objective',
  'dryRun',
] as const;

function requireAsItBegan(flags: RunFlags): void {
  const odd = planFlags.find((flag) => flags.typed?.includes(flag));
  if (odd !== undefined)
    throw new FiredrillError('usage', `--${odd === 'dryRun' ? 'dry-run' : odd} cannot be combined with --resume`, {
      hint: 'remove it; only --trials may be changed',
    });
}

function asPlanned(
  plan: Plan,
): Pick<RunFlags, 'profile' | 'distribution' | 'seed' | 'trigger' | 'runbook' | 'controls' | 'horizon'> {
  const { profile, distribution = 'kubeadm', seed, trigger = { kind: 'oracle' }, runbooks, horizonMs } = plan;
  return {
    profile,
    distribution,
    seed,
    trigger,
    runbook: runbooks.map(({ id }) => id),
    controls: controlsOf(plan),
    horizon: millis(horizonMs),
  };
}

/** The run that `--resume` names, if it is one of this scenario. */
async function storedRun(ids: readonly string[], flags: RunFlags, name: string): Promise<StoredRun> {
  const stored = await readRun(findRun(name, resolve(flags.out)));
  const { scenario, runId } = stored.plan;
  if (ids.length !== 1 || nameOfScenario(ids[0] ?? '') !== scenario)
    throw new FiredrillError('usage', `run ${runId} is a run of ${scenario}, not of ${ids.join(', ')}`, {
      hint: `npm run scenario ${scenario} -- --resume ${runId}`,
    });
  return stored;
}
