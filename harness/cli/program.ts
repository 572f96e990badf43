import { randomInt } from 'node:crypto';
import { Argument, Command, Option, type CommanderError } from 'commander';
import { controlWords } from '../engine/controls.ts';
import { builtMinor, imageModes, kubernetesMinors } from '../images/refs.ts';
import { FiredrillError } from '../model/errors.ts';
import { defaultLimits } from '../model/limits.ts';
import { manifest } from '../host/manifest.ts';
import { architectures } from '../host/architecture.ts';
import { minutes } from '../model/units.ts';
import type { ReportFormat } from '../reporters/all.ts';
import type { CommandContext } from './context.ts';
import { corpusDir, projectRoot, reportsDir } from './load-code.ts';
import { scenarioIds } from './load.ts';
import {
  baselines,
  collect,
  compareWords,
  confirm,
  controls,
  duration,
  keepWords,
  oneOf,
  pinWords,
  profileWords,
  reportWords,
  reporterWords,
  rules,
  ruleTime,
  trigger,
  wholeNumber,
} from './options.ts';
import type { AlertsTestFlags } from './commands/alerts-test.ts';
import type { CompareFlags } from './commands/compare.ts';
import type { DrillFlags } from './commands/drill.ts';
import type { NightlyFlags } from './commands/nightly.ts';
import type { OverviewFlags } from './commands/overview.ts';
import type { PrepareFlags } from './commands/prepare.ts';
import type { PublishFlags } from './commands/publish.ts';
import { skeletons, type Skeleton } from './commands/new.ts';
import type { RunFlags } from './commands/run.ts';
import {
  distributionsOf,
  distributionWords,
  kindOf,
  kindsOf,
  providersOf,
  providerWords,
  type KindFlags,
} from './kinds.ts';
import { limitsOf } from './limits.ts';
import { objectivesOf, type NamedObjective } from './objectives.ts';
import { didYouMeanOneOf } from './suggest.ts';

/** What commander hands to `run`: everything parsed, but several distributions still in one flag. */
type RawRunFlags = Omit<RunFlags, 'distribution' | 'beside'> & KindFlags;

/** What commander hands to `minimise`. */
type MinimiseFlags = Pick<RunFlags, 'abortIf' | 'profile' | 'images' | 'horizon' | 'out'> & { readonly seed: number };
/** What commander hands to `mcp`. */
type McpFlags = Pick<RunFlags, 'seed' | 'abortIf' | 'profile' | 'images' | 'horizon' | 'confirm' | 'out'>;

/** What a command is not asked that runs one trial at a time. */
const oneTrial = { trials: 1, parallel: 1, trigger: { kind: 'oracle' }, keep: 'never', reporter: 'plain' } as const;

/** What commander hands to a command that takes one distribution, by one provider. */
interface RawKind {
  readonly distribution: (typeof distributionWords)[number];
  readonly provider: (typeof providerWords)[number];
}

/** The same, with the kind of cluster that both make. */
const withKind = <T extends RawKind>({ provider, distribution, ...flags }: T) => ({
  ...flags,
  distribution: kindOf(distribution, provider),
});

const outDefault = () => reportsDir(projectRoot, process.cwd());

/** A flag that takes one of some words, which its help lists. */
function choice(flag: string, does: string, words: readonly [string, ...string[]], preset?: string): Option {
  const [name = ''] = flag.split(' ');
  return new Option(flag, `${does}: ${words.join(', ')}`).argParser((v) => oneOf(name, v, words)).default(preset);
}

/** Which Kubernetes the nodes run. What has been seen to work is said where it is chosen. */
const kubernetesOption = (): Option =>
  new Option(
    '--kubernetes <minor>',
    `Kubernetes of the nodes: ${kubernetesMinors.join(', ')} (default: ${builtMinor}, which all outages were run on; the others are pulled and untested)`,
  ).argParser((v) => oneOf('--kubernetes', v.replace(/^v/, ''), kubernetesMinors));

/** With which timers. */
const profileOption = (): Option =>
  choice(
    '--profile <name>',
    'fast (shortened timers, labelled as such) or stock (common production timers)',
    profileWords,
    'fast',
  );

/** What everything that is drawn comes of. @param does what is drawn */
const seedOption = (does: string): Option =>
  new Option('--seed <n>', does).argParser((v) => wholeNumber('--seed', v, 0, 2 ** 31 - 1));

const horizonOption = (does: string): Option =>
  new Option('--horizon <time>', does).argParser((v) => duration('--horizon', v));

const confirmOption = (does: string, never: string): Option =>
  new Option('--confirm <time>', `${does} (default: 5m, stock 10m); never: ${never}`).argParser((v: string) =>
    confirm('--confirm', v),
  );

const imagesOption = (): Option => choice('--images <how>', 'where images come from', imageModes, 'auto');

/** When a trial is stopped, for this machine's sake. */
const abortIfOption = (): Option =>
  new Option(
    '--abort-if <what>',
    'stop a trial, for this machine: memory<512MiB, disk<2GB, load>20 (for each CPU), time>30m, never, or a file of these (repeat it for more)',
  )
    .argParser(limitsOf)
    .default(defaultLimits, 'memory<256MiB, disk<1GB, load>40');

/** What the nodes run. */
const distributionOption = (): Option =>
  choice(
    '--distribution <name>',
    "what the nodes run (k3s: upstream's release, else a stand-in)",
    distributionWords,
    'kubeadm',
  );

/** Who makes the nodes. */
const providerOption = (): Option =>
  choice('--provider <name>', 'who makes the nodes (k3d: containers of k3s, as k3d makes them)', providerWords, 'kind');

/**
 * The command line. Every action sets the exit code through `done`; nothing here prints or exits: commander's own messages
 * come back as CommanderError (see `usageError`).
 */
export function makeProgram(context: CommandContext, done: (exitCode: number) => void): Command {
  const program = new Command('firedrill')
    .description('Reproduces outages from real postmortems on real Kubernetes clusters in containers.')
    .version(manifest.version, '-V, --version', 'print the version')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        context.output.result(text);
      },
      writeErr: () => undefined,
      outputError: () => undefined,
    })
    .addHelpText(
      'after',
      `
Exit codes: 0 done; 1 a runbook that should recover did not; 2 usage; 3 regression; 4 invalid experiment (no data);
5 this machine lacks something (no data); 124 time-out; 130/143 interrupted.

With npm, flags come after a lone --:
  npm run scenario cni-wipe -- --runbook restore-cni --trials 5`,
    );
  const add = (definition: string, description: string) =>
    program.command(definition).description(description).option('--verbose', 'on an error, show where it came from');

  add('run', 'run scenarios: every runbook on fresh clusters, then the report')
    .argument('<scenario...>', 'names of files under scenarios/, or a YAML file of your own')
    .option(
      '--runbook <id>',
      'only this runbook, by name or as a Markdown file of your own (repeat it or use commas for more)',
      collect,
    )
    .option(
      '--responder <program>',
      `who responds instead of following a runbook: a program of your own, or ${baselines.join(' or ')} (repeat it or use commas for more)`,
      collect,
    )
    .addOption(
      new Option('--controls [kinds]', 'add control trials: of all kinds, or of those named')
        .argParser((v: string) => controls('--controls', v))
        .preset(controlWords.join(',')),
    )
    .option('--trials <n>', 'how often each runbook is tried', (v) => wholeNumber('--trials', v, 1, 1000), 1)
    .option(
      '--decide',
      'stop early, by the rules in plan.json: drop runbooks that never recover, end once there is a winner; --trials is the maximum',
    )
    .addOption(
      confirmOption('how long a fix must be watched, once, before its runbook can be recommended', 'recommend none'),
    )
    .option(
      '--parallel <n>',
      'blocks of trials that run at once, each on its own cluster',
      (v) => wholeNumber('--parallel', v, 1, 8),
      1,
    )
    .addOption(seedOption('seeds the order of trials and the phases of probes (default: random, kept in plan.json)'))
    .addOption(profileOption())
    .addOption(
      new Option('--trigger <when>', 'oracle (fixed delay after onset) or detector:<id>')
        .argParser((v) => trigger('--trigger', v))
        .default({ kind: 'oracle' } as const, 'oracle'),
    )
    .addOption(choice('--keep <when>', 'keep clusters', keepWords, 'never'))
    .addOption(imagesOption())
    .addOption(kubernetesOption())
    .addOption(
      new Option(
        '--distribution <names>',
        `what the nodes run: ${distributionWords.join(', ')} (upstream's release, else a stand-in); several: in the same blocks, side by side`,
      )
        .argParser(distributionsOf)
        .default(['kubeadm'], 'kubeadm'),
    )
    .addOption(
      new Option('--provider <names>', `who makes the nodes: ${providerWords.join(', ')} (k3d: for k3s)`)
        .argParser(providersOf)
        .default(['kind'], 'kind'),
    )
    .option(
      '--rules <where>',
      'evaluate these Prometheus rules beside each trial: a file, a folder, or stock (repeat it for more; default: none)',
      rules,
    )
    .option('--rules-inside', 'with --rules: evaluate them by a second Prometheus inside the cluster, too')
    .option('--dry-run', 'print the plan and every command; change nothing')
    .addOption(choice('--reporter <name>', 'progress on stderr', reporterWords))
    .option('--out <folder>', 'where reports go', outDefault())
    .addOption(horizonOption("how long to wait for recovery after the onset, e.g. 8m (default: the scenario's)"))
    .option(
      '--objective <words>',
      'what recovery must be like, for example `5m, 0 rows` or `cni-wipe: 5m`; a file has one a line. Exit code 1 if no runbook meets it',
      (v: string, given: readonly NamedObjective[] | undefined) => [...(given ?? []), ...objectivesOf(v)],
    )
    .option('--workload <folder>', "deploy these manifests (*.yaml) instead of firedrill's own workload")
    .option('--slis <file>', "with --workload: what its users see (default: the folder's slis.yaml)")
    .option('--timeout <time>', 'stop after this long, e.g. 45m', (v) => duration('--timeout', v))
    .addOption(abortIfOption())
    .option('--fresh', 'make every cluster anew instead of restoring it from a snapshot')
    .option('--resume <run>', 'continue an interrupted run, or add --trials to a finished one')
    .option('--open-fence', 'let the cluster reach the outside network (by default it cannot)')
    .option('--json', 'print report.json instead of the table')
    .action(async (ids: string[], given: RawRunFlags, command: Command) => {
      const { run } = await import('./commands/run.ts');
      const typed = Object.keys(given).filter((flag) => command.getOptionValueSource(flag) === 'cli');
      const { distribution: runs, provider, ...flags } = given;
      const [distribution, ...beside] = kindsOf({ distribution: runs, provider });
      done(await run(context, ids, { ...flags, distribution, beside, typed }));
    });

  add('drill', 'practise: you are on call for a cluster that will break; with a page, hints and a debrief')
    .argument('[scenario]', 'an outage that you want to know (default: one is drawn)')
    .addOption(seedOption('seeds which outage is drawn and when it comes (default: random)'))
    .addOption(
      new Option('--limit <time>', 'how long you have after it broke')
        .argParser((v) => duration('--limit', v))
        .default(minutes(20), '20m'),
    )
    .addOption(profileOption())
    .option('--no-shell', 'open no shell here: for the page, and shells in other terminals')
    .addOption(imagesOption())
    .addOption(abortIfOption())
    .option('--out <folder>', 'where reports are; the debrief goes into drills/ there', outDefault())
    .addHelpText(
      'after',
      `
Exit codes: 0 restored without loss or harm; 1 not; 4 nothing broke; 130 interrupted, and cleaned up.`,
    )
    .action(async (id: string | undefined, flags: DrillFlags) => {
      const { drill } = await import('./commands/drill.ts');
      done(await drill(context, id, flags));
    });

  add(
    'mcp',
    'one trial with an AI agent on call, which speaks the Model Context Protocol over standard input and output',
  )
    .argument('[scenario]', 'as for run (default: drawn by the seed)')
    .addOption(seedOption('draws the scenario and the phases of probes (default: random, kept in plan.json)'))
    .addOption(profileOption())
    .addOption(imagesOption())
    .addOption(distributionOption())
    .addOption(providerOption())
    .addOption(horizonOption('how long the agent has').default(minutes(15), '15m'))
    .addOption(confirmOption('how long service is watched, once it is back', 'as short as in any trial'))
    .addOption(abortIfOption())
    .option('--out <folder>', 'where reports go', outDefault())
    .action(async (id: string | undefined, flags: RawKind & McpFlags) => {
      const { mcp } = await import('./commands/mcp.ts');
      const { seed = randomInt(2 ** 31), ...rest } = withKind(flags);
      done(await mcp(context, id, { ...oneTrial, ...rest, seed }));
    });

  add('minimise', 'which steps of a runbook matter: the smallest part of it that still ends the outage')
    .argument('<scenario>', 'as for run')
    .argument('<runbook>', 'by name, or a Markdown file of your own')
    .addOption(seedOption('seeds the phases of probes, the same for every part that is tried').default(1))
    .addOption(profileOption())
    .addOption(imagesOption())
    .addOption(distributionOption())
    .addOption(providerOption())
    .addOption(horizonOption("how long to wait for recovery after the onset, e.g. 8m (default: the scenario's)"))
    .addOption(abortIfOption())
    .option('--out <folder>', 'where reports are; what is tried goes into minimise/ there', outDefault())
    .action(async (id: string, runbook: string, flags: RawKind & MinimiseFlags) => {
      const { minimise } = await import('./commands/minimise.ts');
      done(await minimise(context, id, runbook, { ...oneTrial, ...withKind(flags) }));
    });

  add('list', 'list the scenarios')
    .addOption(distributionOption())
    .addOption(providerOption())
    .option('--json', 'as JSON')
    .action(async (flags: RawKind & { json?: boolean }) => {
      const { list } = await import('./commands/list.ts');
      done(await list(context, withKind(flags)));
    });

  add('describe', 'show a scenario with all its commands, or one runbook as a page to follow')
    .argument('<scenario>')
    .option('--runbook <id>', 'this runbook, by name or as a Markdown file')
    .option('--markdown', 'with --runbook: as a Markdown file, for you to change and run')
    .addOption(distributionOption())
    .addOption(providerOption())
    .option('--json', 'as JSON')
    .action(async (id: string, flags: RawKind & { runbook?: string; markdown?: boolean; json?: boolean }) => {
      const { describe } = await import('./commands/describe.ts');
      done(await describe(context, id, withKind(flags)));
    });

  add(
    'new',
    'write an outage (YAML), a runbook (Markdown), a scenario or fault (TypeScript) or SLIs (YAML) of your own that run, to be changed',
  )
    .addArgument(new Argument('<what>').choices(Object.keys(skeletons)))
    .argument('<name>', 'the name of its file')
    .action(async (what: Skeleton, name: string) => {
      const { begin } = await import('./commands/new.ts');
      done(begin(context, what, name));
    });

  add('validate', 'check scenarios without Docker')
    .argument('[scenario]')
    .option('--json', 'as JSON')
    .action(async (id: string | undefined, flags: { json?: boolean }) => {
      const { validate } = await import('./commands/validate.ts');
      done(await validate(context, id, flags));
    });

  for (const name of ['report', 'analyse']) {
    const command = add(name, "rewrite the reports of a stored run from its trials' records")
      .argument('<run>', 'its folder, <scenario>/<run>, its id, a scenario (its latest run) or latest')
      .option('--out <folder>', 'where reports are', outDefault())
      .addOption(choice('--format <name>', 'print this report instead of the table', reportWords))
      .option('--json', 'the same as --format json')
      .action(async (run: string, flags: { out: string; json?: boolean; format?: ReportFormat }) => {
        const { report } = await import('./commands/report.ts');
        done(await report(context, run, name === 'analyse' ? 'events' : 'records', flags));
      });
    if (name === 'analyse') command.description('the same, but first recompute every number from the events');
  }

  add('transcript', 'what was typed in a trial, as a Markdown runbook that run --runbook takes')
    .argument('<run>', 'as for report')
    .argument('[trial]', "a trial's id (default: the run's first with a responder)")
    .option('--no-looks', 'only commands that changed something')
    .option('--out <folder>', 'where reports are', outDefault())
    .action(async (run: string, trial: string | undefined, flags: { out: string; looks: boolean }) => {
      const { transcript } = await import('./commands/transcript.ts');
      done(await transcript(context, run, trial, flags));
    });

  add(
    'overview',
    'one page of all outages: what detected each, what ended it, what did not; pools runs of the same outage',
  )
    .argument('[runs...]', 'as for report (default: the latest run of every scenario)')
    .option('--out <folder>', 'where reports are', outDefault())
    .option('--file <file>', 'write it to this file, with links to the reports, instead of printing it')
    .option(
      '--summary <file>',
      'write a page in sentences (HTML) to this file: what was rehearsed, what works, what does not, how sure',
    )
    .option('--json', 'as JSON')
    .action(async (runs: string[], flags: OverviewFlags) => {
      const { overview } = await import('./commands/overview.ts');
      done(await overview(context, runs, flags));
    });

  add('compare', 'compare the runbooks of one run, or the same runbooks in two runs of a scenario; writes nothing')
    .argument('<run>', 'as for report, or a report.json')
    .argument('[second]', 'another run of the same scenario, compared with the first')
    .option('--runbook <id>', 'only this runbook (repeat it or use commas for more)', collect)
    .option('--alerts', 'compare the alerts instead')
    .addOption(new Option('--alarms', 'the name of --alerts in earlier versions').hideHelp().implies({ alerts: true }))
    .addOption(choice('--format <name>', 'how to print it', compareWords, 'table'))
    .option('--out <folder>', 'where reports are', outDefault())
    .option('--json', 'the same as --format json')
    .addHelpText(
      'after',
      `
Exit codes: 0 compared; 3 the second run is worse; 4 no verdict: the environments differ, or nothing was valid on both sides.`,
    )
    .action(async (first: string, second: string | undefined, flags: CompareFlags) => {
      const { compare } = await import('./commands/compare.ts');
      done(await compare(context, [first, second], flags));
    });

  add('nightly', "judge a night's runs against a pinned baseline and the nights before, and add them to the history")
    .argument('[runs...]', 'one run of each scenario, run with --controls: as for report, or a report.json')
    .requiredOption(
      '--history <file>',
      'what later nights need, one line of JSON per night, scenario and arm; created if missing',
    )
    .requiredOption('--baseline <file>', 'the pinned nights, in the same format; created by --pin')
    .option('--pin <when>', `pin tonight: ${pinWords.join(', ')} (where the baseline has fewer than ten blocks)`, (v) =>
      oneOf('--pin', v, pinWords),
    )
    .option(
      '--expect <scenario>',
      'a scenario that must have a run tonight (repeat it or use commas for more)',
      collect,
    )
    .option('--nights <count>', 'how many nights of times are pooled', (v) => wholeNumber('--nights', v, 3, 30), 5)
    .option('--summary <file>', 'add the result to this file as Markdown ($GITHUB_STEP_SUMMARY)')
    .option('--out <folder>', 'where reports are', outDefault())
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 green; 3 red: something is worse; 4 and 5 no data, which is never a regression: this night could not have shown
it (4), or ran in another environment than the baseline (5).`,
    )
    .action(async (runs: string[], flags: NightlyFlags) => {
      const { nightly } = await import('./commands/nightly.ts');
      done(await nightly(context, runs, flags));
    });

  add('doctor', 'check what this machine has and lacks; changes nothing')
    .option('--json', 'as JSON')
    .option('--out <folder>', 'where reports are', outDefault())
    .action(async (flags: { json?: boolean; out: string }) => {
      const { doctor } = await import('./commands/doctor.ts');
      done(await doctor(context, flags));
    });

  add('prepare', 'prepare this machine for runs: Docker, tools, images (run does it, too)')
    .addOption(imagesOption())
    .addOption(kubernetesOption())
    .addOption(distributionOption())
    .addOption(providerOption())
    .addOption(choice('--arch <name>', 'only compile what images need, for another architecture', architectures))
    .addOption(choice('--reporter <name>', 'progress on stderr', reporterWords))
    .option('--json', 'as JSON')
    .action(async (flags: RawKind & Omit<PrepareFlags, 'distribution'>) => {
      const { prepare } = await import('./commands/prepare.ts');
      done(await prepare(context, withKind(flags)));
    });

  add('publish', 'push the images built here, for other machines to pull (FIREDRILL_REGISTRY)')
    .option('--to <registry>', 'where to, e.g. ghcr.io/acme/firedrill')
    .option('--part', "this machine's architecture only, to be joined with others")
    .option('--join <files...>', 'join the parts listed in these files under one index')
    .option('--file <file>', 'write names and digests there')
    .option('--dry-run', 'list what would be built and pushed; contact no registry')
    .addOption(choice('--reporter <name>', 'progress on stderr', reporterWords))
    .action(async (flags: PublishFlags) => {
      const { publish } = await import('./commands/publish.ts');
      done(await publish(context, flags));
    });

  add('clean', 'remove what dead runs left behind, and nothing else')
    .option('--dry-run', 'list what would be removed (exit 1 if anything)')
    .option('--kept', 'also clusters that were kept on purpose')
    .option('--snapshots', 'also the snapshots that clusters are restored from')
    .option('--images', 'also images built from recipes that have changed since')
    .option('--json', 'as JSON')
    .action(
      async (flags: { dryRun?: boolean; kept?: boolean; snapshots?: boolean; images?: boolean; json?: boolean }) => {
        const { clean } = await import('./commands/clean.ts');
        done(await clean(context, flags));
      },
    );

  add('shell', 'a shell with KUBECONFIG set to a kept cluster')
    .argument('[run]')
    .option('--out <folder>', 'where reports are', outDefault())
    .option('--print', 'print the line that sets KUBECONFIG instead')
    .action(async (run: string | undefined, flags: { out: string; print?: boolean }) => {
      const { shell } = await import('./commands/shell.ts');
      done(await shell(context, run, flags));
    });

  addAlerts(program, context, done);
  add('dashboard', "a trial's metrics with the marks of its outage, in a Prometheus on loopback, until Ctrl-C")
    .argument('<run>', "as for report, a trial's folder, or one of corpus/")
    .option('--html <file>', 'write the graphs there as a page, and end')
    .option('--json <file>', 'also write the dashboard as JSON, to import into your Grafana')
    .option('--grafana <folder>', 'also write a folder by which a Grafana on this machine is provisioned with it')
    .option('--out <folder>', 'where reports are', outDefault())
    .action(async (run: string, flags: { out: string; html?: string; json?: string; grafana?: string }) => {
      const { dashboard } = await import('./commands/dashboard.ts');
      done(await dashboard(context, run, flags));
    });
  return program;
}

/** `alerts test` and `alerts corpus add`: the two that have words of their own after the command. */
function addAlerts(program: Command, context: CommandContext, done: (exitCode: number) => void): void {
  const add = (parent: Command, definition: string, description: string) =>
    parent.command(definition).description(description).option('--verbose', 'on an error, show where it came from');
  const alerts = add(program, 'alerts', 'test alert rules on kept outages, without a cluster');
  add(
    alerts,
    'test',
    'evaluate Prometheus rule files over the corpus: what each rule detects, how soon, and its false alarms',
  )
    .argument('<rules...>', 'rule files, and folders of them')
    .option('--corpus <folder>', `where kept outages are (repeat it for more; default: ${corpusDir})`, collect)
    .option('--outage <name>', 'only on this outage (repeat it or use commas for more)', collect)
    .addOption(choice('--profile <name>', 'only on trials of this profile', profileWords))
    .option('--for <times>', 'what if every `for` were this long, e.g. 1m,2m,5m: one more result each', (v) =>
      collect(v).map((time) => ruleTime('--for', time)),
    )
    .option('--interval <time>', 'what if every group were evaluated this often', (v) => ruleTime('--interval', v))
    .option(
      '--require <what>',
      "what must hold, or exit 1: 'cni-wipe: detected within 5m', or a file with one a line (repeat it for more)",
      (v: string, before: readonly string[] | undefined) => [...(before ?? []), v],
    )
    .option('--right <file>', 'which of your alerts names the cause of which outage: YAML, <outage>: [<AlertName>, …]')
    .option('--html <file>', 'write the matrix and the graphs there')
    .option('--junit <file>', 'write JUnit XML there')
    .addOption(choice('--reporter <name>', 'progress on stderr', reporterWords))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 every requirement is met; 1 one is not; 2 a rule file that promtool refuses, or other usage; 5 no Prometheus.`,
    )
    .action(async (paths: string[], flags: AlertsTestFlags) => {
      const { alertsTest } = await import('./commands/alerts-test.ts');
      done(await alertsTest(context, paths, flags));
    });
  const corpus = add(alerts, 'corpus', 'the kept outages');
  add(corpus, 'add', 'keep the trials of a run that have metrics')
    .argument('<run>', "as for report, or a trial's folder")
    .option('--corpus <folder>', 'where to', corpusDir)
    .option('--out <folder>', 'where reports are', outDefault())
    .action(async (run: string, flags: { corpus: string; out: string }) => {
      const { corpusAdd } = await import('./commands/corpus-add.ts');
      done(await corpusAdd(context, run, flags));
    });
}

/**
 * Commander's complaint as one of ours: one line that says what and where, and the next command. Undefined when it was no
 * complaint (help or the version was printed).
 */
export function usageError(error: CommanderError, argv: readonly string[]): FiredrillError | undefined {
  if (error.exitCode === 0 || error.code === 'commander.helpDisplayed' || error.code === 'commander.version')
    return undefined;
  const [command = ''] = argv;
  const known = /^[a-z]/.test(command) && error.code !== 'commander.unknownCommand';
  const hint = `npm run firedrill -- ${known ? `${command} ` : ''}--help`;
  if (error.code === 'commander.help') return new FiredrillError('usage', 'which command?', { hint });
  if (error.code === 'commander.missingArgument' && command === 'run') {
    return new FiredrillError('usage', `run: which scenario?${didYouMeanOneOf('', scenarioIds())}`, {
      hint: `npm run scenario ${scenarioIds()[0] ?? '<scenario>'}`,
    });
  }
  const text = error.message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim();
  return new FiredrillError('usage', `${known ? `${command}: ` : ''}${text}`, { hint });
}
