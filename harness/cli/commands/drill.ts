import { randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Overview } from '../../analysis/overview.ts';
import { distributions } from '../../distributions/all.ts';
import type { Debrief } from '../../drill/debrief.ts';
import type { Person } from '../../drill/person.ts';
import { writeWhole } from '../../engine/write-whole.ts';
import type { ImageMode } from '../../images/refs.ts';
import { exitCodes, FiredrillError } from '../../model/errors.ts';
import type { Limits } from '../../model/limits.ts';
import { isSuccess } from '../../model/outcome.ts';
import type { ProgressEvent } from '../../model/progress.ts';
import type { ProfileName } from '../../model/profile.ts';
import { seeded } from '../../model/random.ts';
import { claimed, type Scenario } from '../../model/scenario.ts';
import { humanDuration, type Millis } from '../../model/units.ts';
import type { CommandContext } from '../context.ts';
import { projectRoot, scenarioDir } from '../load-code.ts';
import { loadScenario, scenarioIds } from '../load.ts';
import { nameOfScenario } from '../own.ts';
import { chooseReporter, makeReporter, realWorld, type Reporter } from '../progress/reporter.ts';
import { requireSound } from '../sound.ts';
import { inShort, readRun } from '../stored.ts';

export interface DrillFlags {
  readonly seed?: number;
  readonly limit: Millis;
  readonly profile: ProfileName;
  readonly shell: boolean;
  readonly images: ImageMode;
  readonly out: string;
  readonly abortIf: Limits;
}

/** The name of the person on call among runbooks. */
const onCallId = 'on-call';

/**
 * `drill [scenario]`: a person on call. Sets a healthy cluster up, breaks it at a moment that nobody knows, and ends with a debrief. Exit code 0
 * when service was restored without loss or harm, 1 when it was not, 4 when nothing broke.
 */
export async function drill(context: CommandContext, asked: string | undefined, flags: DrillFlags): Promise<number> {
  const { output } = context;
  if (flags.shell && (!output.stdout.isTty || !process.stdin.isTTY))
    throw new FiredrillError('usage', 'drill opens a shell and needs a terminal', {
      hint: 'run it in a terminal, or with --no-shell and use the page and another terminal',
    });
  const seed = flags.seed ?? randomInt(2 ** 31);
  const name = asked ?? (await drawn(seed));
  const id = nameOfScenario(name);
  const declared = await loadScenario(name, scenarioDir(), distributions.kubeadm);
  await requireSound(name, declared, []);
  const scenario = withPerson(declared, flags);
  const { cureOf } = await import('../../drill/hints.ts');
  const { personOnCall } = await import('../../drill/person.ts');
  const { runScenario } = await import('../../engine/run.ts');
  const reporter = makeReporter(chooseReporter(undefined, output, context.env), realWorld(output));
  output.tell('A healthy cluster is being prepared. When it is there, you are on call.');
  let takeBack: (() => void) | undefined;
  const person = await personOnCall({
    scenario: declared,
    limitMs: flags.limit,
    shell: flags.shell,
    onReady: ({ url, observerUrl, desk }) => {
      reporter.stop();
      output.tell(welcome({ url, observerUrl, dir: desk.dir, limitMs: flags.limit, shell: flags.shell }));
      if (flags.shell) takeBack = context.lendInterrupts();
    },
    onBack: () => {
      takeBack?.();
      if (!context.signal.aborted)
        output.tell('\nYour shift is over. Data are being read back, and the cluster removed.');
    },
  });
  const out = join(resolve(flags.out), 'drills');
  let runDir: string | undefined;
  const tellDebrief = async (): Promise<number | undefined> => {
    const debrief = await debriefed(person, declared, id, cureOf(declared), flags.out, runDir);
    if (debrief !== undefined) output.result(`${debrief.text}\n\nDebrief: ${debrief.file}\n`);
    return debrief?.exitCode;
  };
  try {
    const { exitCode } = await runScenario({
      ...{ scenarioId: id, scenario, seed, out },
      ...{ profile: flags.profile, trials: 1, parallel: 1, runbooks: [onCallId], confirmMs: 0 },
      ...{ trigger: { kind: 'oracle' }, keep: 'never', images: flags.images, openFence: false, fresh: false },
      limits: flags.abortIf,
      onCall: person,
      onProgress: (event) => {
        if (event.type === 'run') runDir = event.runDir;
        passOn(event, reporter);
      },
      signal: context.signal,
    });
    const own = await tellDebrief();
    return own === undefined || context.signal.aborted ? exitCode : own;
  } catch (error) {
    // What ended it is told; what was seen until then is kept all the same.
    await tellDebrief();
    throw error;
  } finally {
    reporter.stop();
    await person.end();
    await person.close();
  }
}

/** One of those that somebody can end, by the seed. */
async function drawn(seed: number): Promise<string> {
  const { cureOf } = await import('../../drill/hints.ts');
  const possible: string[] = [];
  for (const id of scenarioIds()) {
    try {
      if (cureOf(await loadScenario(id)) !== undefined) possible.push(id);
    } catch {
      // Not on kubeadm.
    }
  }
  const found = possible[Math.floor(seeded(seed)() * possible.length)];
  if (found === undefined)
    throw new FiredrillError('usage', 'there is no outage that a known runbook ends', {
      hint: 'npm run firedrill -- list',
    });
  return found;
}

/** The person in place of the runbooks, watched for as long as the drill may last. */
function withPerson(scenario: Scenario, { limit, profile }: DrillFlags): Scenario {
  const person = {
    id: onCallId,
    title: 'A person on call',
    source: 'a drill',
    why: 'Who is on call finds out what is broken, and what ends it.',
    steps: [],
  };
  return {
    ...scenario,
    runbooks: [claimed(person, 'unknown', 'nobody knows beforehand')],
    horizonMs: { ...scenario.horizonMs, [profile]: limit },
  };
}

/** Of progress only what says nothing of the outage. */
function passOn(event: ProgressEvent, { onProgress }: Reporter): void {
  if (event.type === 'setup' || (event.type === 'phase' && ['provision', 'workload', 'steady'].includes(event.name)))
    onProgress(event);
}

const welcome = (place: {
  readonly url: string;
  readonly observerUrl: string;
  readonly dir: string;
  readonly limitMs: number;
  readonly shell: boolean;
}): string => `
You are on call. The cluster is healthy; some time from now it will not be.
Restore service for its users, without losing data or harming what still works. You have ${humanDuration(place.limitMs)} from then.

  Your page:      ${place.url}   (alerts, users, hints, giving up)
  For observers:  ${place.observerUrl}   (only to look)
  On this desk:   ${place.dir}   (README.md, manifests/, backup/)
${place.shell ? '\nkubectl and ssh <node> are at hand; alerts lists what has rung. exit leaves your shift.\n' : `\nIn another terminal: . ${place.dir}/env\nCtrl-C ends the drill and cleans up.\n`}`;

/** Writes the debrief and shows it; undefined where the shift never began. */
async function debriefed(
  person: Person,
  scenario: Scenario,
  id: string,
  cure: Scenario['runbooks'][number] | undefined,
  out: string,
  runDir: string | undefined,
): Promise<{ readonly text: string; readonly file: string; readonly exitCode: number } | undefined> {
  const events = person.events();
  if (runDir === undefined || events.length === 0) return undefined;
  const { debriefOf } = await import('../../drill/debrief.ts');
  const { debriefPage, harmOf, titleOf } = await import('../../drill/debrief-page.ts');
  const debrief = debriefOf(events, await keptRuns(id, resolve(out)));
  const page = debriefPage(debrief, scenario, id, cure);
  const file = join(runDir, 'debrief.html');
  writeWhole(file, page);
  person.show(page);
  const cured = cure === undefined ? '' : `\nWhat ends it: ${cure.runbook.title} (${cure.runbook.id}).`;
  const text = `${titleOf(debrief)}. It was ${id}: ${scenario.outage.title}.\n${harmOf(debrief)}${cured}`;
  return { text, file, exitCode: exitCodeOfDrill(debrief) };
}

/** 0: restored, and nothing was lost or harmed. 4: nothing broke. */
function exitCodeOfDrill({ ending, broke, record }: Debrief): number {
  if (!broke) return exitCodes.invalid;
  return ending === 'restored' && isSuccess(record.outcome) ? exitCodes.done : exitCodes.notRecovered;
}

/** What is known of the outage from runs of this machine, and from those that came along. */
async function keptRuns(id: string, out: string): Promise<readonly Overview[]> {
  const { overviewOf } = await import('../../analysis/overview.ts');
  const examples = join(projectRoot, 'reports', 'examples');
  const dirs = [join(out, id), examples].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
  );
  const runs = [];
  for (const dir of dirs) if (isRunOf(dir, id)) runs.push(await inShort(await readRun(dir)));
  return overviewOf(runs);
}

function isRunOf(dir: string, id: string): boolean {
  try {
    return (JSON.parse(readFileSync(join(dir, 'plan.json'), 'utf8')) as { scenario?: string }).scenario === id;
  } catch {
    return false;
  }
}
