import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCodes, FiredrillError } from '../model/errors.ts';
import { armName } from '../model/control.ts';
import { isWanted, type PlannedTrial } from '../model/plan.ts';
import { decide, watchOf } from '../analysis/decision.ts';
import { summarise } from '../analysis/summary.ts';
import type { OnProgress } from '../model/progress.ts';
import type { TrialRecord } from '../model/record.ts';
import { timersOf } from '../model/scenario.ts';
import { humanDuration, midpoint, minutes, uncensored } from '../model/units.ts';
import { inBlocks } from './blocks.ts';
import { runbookOf } from './controls.ts';
import { deadline } from '../host/time.ts';
import { expectedMs, untilNextLook } from './estimate.ts';
import { exitCodeOfTrials } from './outcomes.ts';
import { makePlan, repeatOf } from './plan.ts';
import { writeRecord } from './records.ts';
import { writeReports } from './reports.ts';
import { keepFinished, requireSameMachine, resumePlan } from './resume.ts';
import { runTrial } from './trial.ts';
import type { RunOptions } from './options.ts';
import { prepareMachine } from './wiring.ts';

export interface RunResult {
  readonly runDir: string;
  readonly exitCode: number;
}

/**
 * Runs all trials of a scenario one after the other and writes the run's folder: plan.json first, each trial's events as
 * they happen, its record when it ends, the reports at the end (also after an interruption, from what there is).
 *
 * @throws FiredrillError `usage`, `environment`, `timeout`
 */
export async function runScenario(options: RunOptions): Promise<RunResult> {
  const { scenario, onProgress } = options;
  const { resume, shared } = options;
  let plan =
    resume === undefined
      ? makePlan({
          ...options,
          ...(shared === undefined ? {} : { beside: shared.runs }),
          createdEpochMs: shared?.createdEpochMs ?? Date.now(),
        })
      : resumePlan(resume.plan, scenario, options.trials, resume.records.length);
  const runDir = resume?.runDir ?? resolve(options.out, plan.scenario, plan.runId);
  const machine = await prepareMachine(options, plan.runId, runDir);
  try {
    if (resume !== undefined) requireSameMachine(resume, machine.nodeImage);
    mkdirSync(join(runDir, 'trials'), { recursive: true });
    const writePlan = () => {
      writeFileSync(join(runDir, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
    };
    writePlan();
    using whole = deadline(options.timeoutMs ?? minutes(24 * 60), options.signal);
    const { signal } = whole;
    const done = resume === undefined ? new Map<string, TrialRecord>() : keepFinished(resume);
    const kept = new Set(done.keys());
    const parallel = shared === undefined ? Math.min(options.parallel, options.trials) : 1;
    /** The first guess of all trials of which this holds. */
    const guessMs = (of: (id: string) => boolean) =>
      expectedMs(
        scenario,
        options.profile,
        plan.trials.filter((trial) => isWanted(plan, trial) && of(trial.id)),
      ) / parallel;
    const inOrder = () => plan.trials.flatMap(({ id }) => done.get(id) ?? []);
    const decides = plan.comparison?.decide === true ? { decide: true } : {};
    /** The trials up to the next look of a run that is to be decided, and all that are left of another. */
    const leftMs = () => {
      const soon = new Set(untilNextLook(plan, inOrder(), scenario));
      return guessMs((id) => !done.has(id) && soon.has(id));
    };
    onProgress({
      ...{ type: 'run', scenario: plan.scenario, profile: plan.profile, runDir },
      ...{ trials: plan.trials.length, etaMs: leftMs(), ...decides },
    });

    if (kept.size > 0)
      onProgress({ type: 'note', text: `${kept.size} of ${plan.trials.length} trials are done already` });
    const began = Date.now();
    using rest = deadline(minutes(24 * 60 * 7), signal);
    /** Does what the plan's own rules say after what is there, and writes it into the plan; not of a run that is being ended. */
    const judgeBlock = () => {
      if (signal.aborted) return;
      const { dropped, decided } = decide(plan, inOrder());
      if (dropped.length === 0 && decided === undefined) return;
      plan = {
        ...plan,
        ...(dropped.length === 0 ? {} : { dropped: [...(plan.dropped ?? []), ...dropped] }),
        ...(decided === undefined ? {} : { decided }),
      };
      writePlan();
      for (const { arm, why } of dropped) onProgress({ type: 'note', text: `${arm} is dropped: ${why}` });
      if (decided !== undefined)
        onProgress({ type: 'note', text: `decided after ${decided.afterBlock} blocks: ${decided.why}` });
    };
    judgeBlock();
    const anotherFollows = ({ id }: PlannedTrial) =>
      plan.trials.some((other) => other.id !== id && !done.has(other.id) && isWanted(plan, other));
    const runOne = async (trial: PlannedTrial): Promise<PlannedTrial | undefined> => {
      const claimed = runbookOf(scenario, trial);
      if (claimed === undefined || signal.aborted || !isWanted(plan, trial)) return undefined;
      // What this machine took for what it has done says how much the guess is out.
      const doneMs = guessMs((id) => done.has(id) && !kept.has(id));
      const slower = doneMs === 0 ? 1 : (Date.now() - began) / doneMs;
      onProgress({
        type: 'trial',
        id: trial.id,
        runbook: armName(trial),
        index: plan.trials.indexOf(trial) + 1,
        of: plan.trials.length,
        etaMs: slower * leftMs(),
        ...decides,
      });
      const dir = join(runDir, 'trials', trial.id);
      const { record, cause, error } = await runTrial(
        {
          id: trial.id,
          scenarioId: plan.scenario,
          scenario,
          claimed,
          ...(trial.control === undefined ? {} : { control: trial.control }),
          profile: timersOf(scenario, options.profile),
          seed: trial.seed,
          trigger: options.trigger,
          watchMs: watchOf(plan, inOrder(), trial, timersOf(scenario, options.profile).relapseWatchMs),
          dir,
          keep: options.keep,
          limits: options.limits,
          ...(options.onCall === undefined ? {} : { onCall: options.onCall }),
        },
        {
          ...machine.deps,
          ...(parallel === 1 && shared === undefined && anotherFollows(trial) ? { windDown: machine.prepareNext } : {}),
        },
        parallel === 1 ? onProgress : sideBySide(trial.id, onProgress),
        rest.signal,
      );
      writeRecord(runDir, record);
      done.set(trial.id, record);
      const ttr = uncensored(record.ttr);
      const ttrMs = ttr === undefined ? undefined : midpoint(ttr);
      onProgress({
        type: 'outcome',
        trialId: trial.id,
        runbook: armName(trial),
        outcome: record.outcome,
        ...(ttrMs === undefined ? {} : { ttrMs }),
        reason: record.reason,
      });
      // What the machine lacks now it will lack for the next trial too.
      if (cause === 'environment' || cause === 'limit') {
        throw error instanceof FiredrillError
          ? error
          : new FiredrillError('environment', record.reason, { hint: 'npm run firedrill -- doctor', cause: error });
      }
      // Nobody is sent through it again, and who was on call has gone home.
      const onCall = options.onCall !== undefined || options.responders?.get(trial.runbook)?.comes === 'on-call';
      const repeatable = cause !== 'interrupted' && !onCall;
      const again = record.outcome === 'invalid' && repeatable ? repeatOf(plan, trial) : undefined;
      if (again === undefined) {
        judgeBlock();
        return undefined;
      }
      plan = { ...plan, trials: [...plan.trials, again] };
      writePlan();
      onProgress({ type: 'note', text: `${trial.id} gave no data and will be repeated` });
      return again;
    };
    try {
      await inBlocks(
        plan.trials.filter(({ id }) => !done.has(id)),
        parallel,
        runOne,
        rest.abort,
        shared === undefined ? undefined : (block) => shared.turns.take(shared.who, block, rest.signal),
      );
    } catch (error) {
      writeReports(runDir, plan, inOrder());
      throw error;
    }
    const records = inOrder();
    writeReports(runDir, plan, records);
    if (whole.passed() && !options.signal.aborted)
      throw new FiredrillError(
        'timeout',
        `timed out after ${humanDuration(options.timeoutMs ?? 0)}; partial results are in ${runDir}`,
        { hint: 'use a longer --timeout, or fewer --trials' },
      );
    return {
      runDir,
      exitCode: options.signal.aborted
        ? exitCodes.interrupted
        : exitCodeOfTrials(plan, records, summarise(plan, records).objective?.verdict),
    };
  } finally {
    shared?.turns.leave(shared.who);
    await machine.close();
  }
}

/** Of trials side by side only what can be told apart is passed on: a display of two phases at once would be of neither. */
function sideBySide(trialId: string, onProgress: OnProgress): OnProgress {
  return (event) => {
    if (event.type === 'note') onProgress({ ...event, text: `${trialId}: ${event.text}` });
  };
}
