import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { mean } from 'simple-statistics';
import { minimise as smallest, shown, type Part, type Shown } from '../../analysis/minimise.ts';
import { distributions } from '../../distributions/all.ts';
import { runsIn } from '../../engine/runs.ts';
import { exitCodes, FiredrillError } from '../../model/errors.ts';
import { isSuccess, isValidOutcome } from '../../model/outcome.ts';
import type { TrialRecord } from '../../model/record.ts';
import type { ClaimedRunbook } from '../../model/runbook.ts';
import { countOf, millis, midpoint, uncensored } from '../../model/units.ts';
import { markdownOfRunbook } from '../../own/runbook-markdown.ts';
import { minimiseMarkdown, type TriedPart } from '../../reporters/minimise.ts';
import type { CommandContext } from '../context.ts';
import { scenarioDir } from '../load-code.ts';
import { findRunbook, loadScenario } from '../load.ts';
import { chosenRunbooks, nameOfScenario, withRunbooks } from '../own.ts';
import { readRun } from '../stored.ts';
import { run, type RunFlags } from './run.ts';

/** So often in a row a trial of a candidate may show nothing, being invalid or unknown. */
const nothingAtMost = 3;

/**
 * `minimise <scenario> <runbook>`: the smallest part of a runbook that still ends the outage. Each candidate is a run of its own, kept in a folder of the
 * scenario and the runbook: called again, it goes on with what is there.
 * @returns 1 where neither the runbook nor the runbook without one of its steps recovers
 */
export async function minimise(
  context: CommandContext,
  asked: string,
  runbook: string,
  flags: RunFlags & { readonly seed: number },
): Promise<number> {
  const id = nameOfScenario(asked);
  const chosen = chosenRunbooks([runbook]);
  const scenario = await loadScenario(asked, scenarioDir(), distributions[flags.distribution]);
  const whole = findRunbook(id, withRunbooks(scenario, chosen.own), chosen.ids[0] ?? runbook);
  const { steps } = whole.runbook;
  if (steps.length < 2)
    throw new FiredrillError(
      'usage',
      `${whole.runbook.id} has ${countOf(steps.length, 'step')}: nothing can be left out`,
      {
        hint: `npm run firedrill -- describe ${asked} --runbook ${runbook}`,
      },
    );
  const out = join(resolve(flags.out), 'minimise', `${id}-${whole.runbook.id}`);
  const tried: TriedPart[] = [];
  const tryPart = async (part: Part): Promise<Shown> => {
    const candidate = partOf(whole, part);
    const folder = join(out, candidate.runbook.id);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${candidate.runbook.id}.md`);
    const markdown = markdownOfRunbook(candidate);
    writeFileSync(file, markdown);
    const stored = () => storedTrials(folder, markdown);
    const validOf = (of: readonly TrialRecord[]) => of.filter(({ outcome }) => isValidOutcome(outcome));
    let nothing = 0;
    for (let records = await stored(); ;) {
      const valid = validOf(records);
      const recovered = valid.filter(({ outcome }) => isSuccess(outcome)).length;
      const tries = { recovered, failed: valid.length - recovered };
      const what = nothing >= nothingAtMost ? 'undecided' : shown(tries);
      if (what !== undefined) {
        tried.push({ part, shown: what, ...tries, ...means(records) });
        context.output.tell(`${candidate.runbook.id}: ${what} (${recovered} of ${valid.length})`);
        return what;
      }
      // A part has its trials at the same moments as the whole, so that they differ in the steps alone.
      const seed = flags.seed + records.length;
      await run(quiet(context), [asked], {
        ...flags,
        runbook: [file],
        trials: 1,
        confirm: millis(0),
        seed,
        out: folder,
      });
      if (context.signal.aborted) throw new Interrupted();
      records = await stored();
      nothing = validOf(records).length > valid.length ? 0 : nothing + 1;
    }
  };
  try {
    // What changes nothing seldom matters; a step that waits may.
    const likely = steps.flatMap(({ kind, changes }, i) => (changes || kind === 'until' ? [i] : []));
    const found = await smallest(steps.length, [likely], tryPart);
    const names = steps.map(({ name }) => name);
    const page = minimiseMarkdown({ scenario: id, runbook: whole.runbook.id, steps: names, found, tried });
    writeFileSync(join(out, 'minimise.md'), page);
    context.output.result(page);
    if (found.kept === undefined) return exitCodes.notRecovered;
    writeFileSync(join(out, 'smallest.md'), markdownOfRunbook(partOf(whole, found.kept)));
    context.output.tell(`as a runbook: ${join(out, 'smallest.md')}`);
    return exitCodes.done;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    context.output.tell('to continue: the same command again; what was tried is kept');
    return exitCodes.interrupted;
  }
}

class Interrupted extends Error {}

/** A runbook of some of the steps. The whole keeps its steps, and gets a name as the parts have one. */
function partOf({ runbook, claim }: ClaimedRunbook, part: Part): ClaimedRunbook {
  const places = part.map((step) => step + 1);
  return {
    claim: { ...claim, expect: 'unknown' },
    runbook: {
      ...runbook,
      id: `${runbook.id}-steps-${places.join('-')}`,
      title: `${runbook.title}: steps ${places.join(', ')} of ${runbook.steps.length}`,
      steps: part.flatMap((step) => runbook.steps[step] ?? []),
    },
  };
}

/** The trials of a candidate so far, in the order of their runs; those of a step that was written otherwise then are none. */
async function storedTrials(folder: string, markdown: string): Promise<readonly TrialRecord[]> {
  const all = await Promise.all(runsIn(folder).map(({ path }) => readRun(path)));
  return all.flatMap(({ plan, records }) => (plan.runbooks.some((one) => one.markdown === markdown) ? records : []));
}

/** What the trials that recovered took. */
function means(records: readonly TrialRecord[]): Pick<TriedPart, 'ttrMs' | 'downtimeMs'> {
  const good = records.filter(({ outcome }) => isSuccess(outcome));
  if (good.length === 0) return {};
  const ttrs = good.flatMap(({ ttr }) => {
    const at = uncensored(ttr);
    return at === undefined ? [] : [midpoint(at)];
  });
  return {
    downtimeMs: mean(good.map(({ badnessMs }) => badnessMs)),
    ...(ttrs.length === 0 ? {} : { ttrMs: mean(ttrs) }),
  };
}

/** Whoever waits sees each trial's progress, and not each run's table. */
const quiet = (context: CommandContext): CommandContext => ({
  ...context,
  output: { ...context.output, result: () => undefined },
});
