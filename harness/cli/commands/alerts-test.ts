import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { checkRules } from '../../alerts/check.ts';
import { readCorpus, type KeptTrial } from '../../alerts/corpus.ts';
import { formatDuration } from '../../alerts/durations.ts';
import { htmlResult } from '../../alerts/html.ts';
import { junitResult } from '../../alerts/junit.ts';
import { checkRequirements, readRequirements } from '../../alerts/requirements.ts';
import { resultOf, type TrialRow } from '../../alerts/result.ts';
import { ruleFiles } from '../../alerts/rules.ts';
import { terminalResult, type TestResult } from '../../alerts/terminal.ts';
import { testTrial } from '../../alerts/test-rules.ts';
import { ensureTools } from '../../alerts/tools.ts';
import { realRunner } from '../../host/run.ts';
import { exitCodes, FiredrillError, oneLine } from '../../model/errors.ts';
import type { ProfileName } from '../../model/profile.ts';
import { countOf } from '../../model/units.ts';
import { corpusDir } from '../load-code.ts';
import { alertsThatNameCauses } from '../load.ts';
import type { CommandContext } from '../context.ts';
import type { ReporterName } from '../options.ts';
import { terminalOptions } from '../output.ts';
import { chooseReporter, makeReporter, realWorld } from '../progress/reporter.ts';

export interface AlertsTestFlags {
  readonly corpus?: readonly string[];
  readonly outage?: readonly string[];
  readonly profile?: ProfileName;
  /** Milliseconds, as in the rule files. */
  readonly for?: readonly number[];
  readonly interval?: number;
  readonly require?: readonly string[];
  readonly right?: string;
  readonly html?: string;
  readonly junit?: string;
  readonly reporter?: ReporterName;
  readonly json?: boolean;
}

/** How many trials are evaluated at once: each has a Prometheus of its own, which uses what cores there are. */
const atOnce = 2;

/**
 * `alerts test <rules…>`: evaluates rule files over the corpus. Rules are checked by promtool and requirements are read before anything is unpacked.
 */
export async function alertsTest(
  context: CommandContext,
  paths: readonly string[],
  flags: AlertsTestFlags,
): Promise<number> {
  const { output, signal } = context;
  const files = ruleFiles(paths);
  const { trials: all, damaged } = await readCorpus(flags.corpus ?? [corpusDir]);
  const trials = judgedBy(flags.right, all).filter(
    ({ truth }) =>
      (flags.profile === undefined || truth.profile === flags.profile) &&
      (flags.outage === undefined || truth.outage === undefined || flags.outage.includes(truth.outage)),
  );
  const outages = [...new Set(all.flatMap(({ truth }) => truth.outage ?? []))].sort();
  const unknown = flags.outage?.find((name) => !outages.includes(name));
  if (unknown !== undefined) {
    throw new FiredrillError('usage', `the corpus has no outage ${unknown}`, { hint: `it has: ${outages.join(', ')}` });
  }
  const requirements = readRequirements(
    flags.require ?? [],
    outages.filter((name) => trials.some(({ truth }) => truth.outage === name)),
  );
  if (trials.length === 0) {
    const why =
      damaged.length > 0
        ? `all that it has is damaged: ${damaged.map(({ name, why: what }) => `${name} (${what})`).join(', ')}`
        : `it has no trial of the profile ${flags.profile ?? ''}`;
    throw new FiredrillError('usage', `the corpus cannot be used: ${why}`, {
      hint: 'npm run firedrill -- alerts corpus add <run>',
    });
  }

  const reporter = makeReporter(chooseReporter(flags.reporter, output, context.env), realWorld(output));
  let tested: readonly (readonly { readonly forMs: number | undefined; readonly row: TrialRow }[])[];
  let prometheus: string;
  try {
    const tools = await ensureTools({ env: context.env }, reporter.onProgress, signal);
    prometheus = tools.version;
    await checkRules(realRunner, tools, files, signal);
    const known = new Set([
      ...(await alertsThatNameCauses()),
      ...trials.flatMap(({ truth }) => (truth.right ?? []).map(({ alertname }) => alertname)),
    ]);
    const whatIf = {
      ...(flags.for === undefined ? {} : { forMs: flags.for }),
      ...(flags.interval === undefined ? {} : { everyMs: flags.interval }),
    };
    const began = performance.now();
    let done = 0;
    const tell = (state: 'started' | 'working' | 'done', detail: string): void => {
      reporter.onProgress({
        type: 'setup',
        part: `rules on ${countOf(trials.length, 'kept trial')}`,
        state,
        index: 1,
        of: 1,
        elapsedMs: Math.round(performance.now() - began),
        detail,
      });
    };
    tell('started', countOf(files.length, 'rule file'));
    tested = await sideBySide(trials, async (kept) => {
      const rows = await testTrial(tools.prometheus, kept, files, known, whatIf, signal);
      tell('working', `${++done} of ${trials.length}: ${kept.name}`);
      return rows;
    });
    tell('done', `Prometheus ${prometheus} (${tools.from})`);
  } finally {
    reporter.stop();
  }

  const variants = [undefined, ...(flags.for ?? [])].map((forMs, i) => ({
    title: forMs === undefined ? '' : `for: ${formatDuration(forMs)}`,
    profiles: resultOf(tested.flatMap((rows) => rows[i]?.row ?? [])),
  }));
  const met = checkRequirements(requirements, variants[0]?.profiles ?? []);
  const result: TestResult = {
    variants,
    damaged,
    met,
    prometheus,
    ...(flags.interval === undefined ? {} : { interval: formatDuration(flags.interval) }),
  };
  if (flags.html !== undefined) writeFileSync(flags.html, [...htmlResult(result)].join(''));
  if (flags.junit !== undefined) writeFileSync(flags.junit, junitResult(result));
  output.result(
    flags.json === true
      ? JSON.stringify(inShort(result), null, 2)
      : terminalResult(result, terminalOptions(output, 120)),
  );
  return met.every(({ met: ok }) => ok) ? exitCodes.done : exitCodes.notRecovered;
}

/** The result without what is only drawn. */
const inShort = (result: TestResult) => ({
  ...result,
  variants: result.variants.map(({ title, profiles }) => ({
    title,
    profiles: profiles.map(({ outages, healthy, ...rest }) => {
      const short = ({ kept, verdicts }: TrialRow) => ({
        trial: kept.name,
        rules: verdicts.map(({ rule, verdict, missing, trouble, spans }) => ({
          rule: rule.name,
          at: `${rule.file}:${rule.line}`,
          ...verdict,
          missing,
          trouble,
          alerts: spans,
        })),
      });
      return {
        ...rest,
        outages: outages.map(({ outage, trials }) => ({ outage, trials: trials.map(short) })),
        healthy: healthy.map(short),
      };
    }),
  })),
});

/** Some at once, in their order. The first failure ends it. */
async function sideBySide<T, R>(list: readonly T[], run: (each: T) => Promise<R>): Promise<readonly R[]> {
  const out: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < list.length; i = next++) {
      const each = list[i];
      if (each !== undefined) out[i] = await run(each);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return out;
}

const rightFile = z.record(z.string(), z.array(z.string()));

/** The trials with the user's own alerts among those that name the cause. */
function judgedBy(file: string | undefined, trials: readonly KeptTrial[]): readonly KeptTrial[] {
  if (file === undefined) return trials;
  let names: z.infer<typeof rightFile>;
  try {
    names = rightFile.parse(parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new FiredrillError(
      'usage',
      `--right ${file}: must be a YAML file of lists of alert names by outage (${oneLine(cause).slice(0, 200)})`,
      {
        hint: 'cni-wipe: [OurNetworkAlert]',
        cause,
      },
    );
  }
  return trials.map((kept) => {
    const own = names[kept.truth.outage ?? ''];
    if (own === undefined) return kept;
    const right = [...(kept.truth.right ?? []), ...own.map((alertname) => ({ alertname }))];
    return { ...kept, truth: { ...kept.truth, right } };
  });
}
