import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { resurrectionDetectors, resurrectionProbes } from '../../scenarios/support/resurrection.ts';
import { sliFileName } from '../cluster/manifests.ts';
import type { Detector } from '../model/detector.ts';
import type { Distribution } from '../model/distribution.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import { profiles } from '../model/profile.ts';
import { claimed, existence, type Existence, type Scenario } from '../model/scenario.ts';
import { isName, nameFrom } from '../own/names.ts';
import { outageOfYaml } from '../own/outage.ts';
import { slisOfYaml } from '../own/sli-file.ts';
import { onWorkload, workloadless, type Moved } from '../own/workload.ts';
import { wait } from '../runbooks/wait.ts';
import { codeExistence, idsOf, projectRoot } from './load-code.ts';
import { didYouMeanOneOf } from './suggest.ts';
import { runbookOfMarkdown } from '../own/markdown-runbook.ts';

/** Whether what was typed for a runbook is a file and not a name. */
export const isFile = (asked: string): boolean => asked.endsWith('.md');

/** What a user's own file holds. */
function textOf(what: 'runbook' | 'outage' | 'SLIs', file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new FiredrillError('usage', `cannot read the ${what} ${file}: ${oneLine(error)}`, { cause: error });
  }
}

/**
 * The runbook in a Markdown file.
 * @throws FiredrillError `usage` when it cannot be read, or is none
 */
export function ownRunbook(file: string): ClaimedRunbook {
  return runbookOfMarkdown(textOf('runbook', file), file);
}

/** What was typed for runbooks: the ids of all, and those that were read from files. */
export function chosenRunbooks(asked: readonly string[]): {
  readonly ids: readonly string[];
  readonly own: readonly ClaimedRunbook[];
} {
  const own = new Map(asked.filter(isFile).map((file) => [file, ownRunbook(file)]));
  return { ids: asked.map((one) => own.get(one)?.runbook.id ?? one), own: [...own.values()] };
}

/** The runbooks of a stored run that a user brought along. */
export const ownOf = (plan: Plan): readonly ClaimedRunbook[] =>
  plan.runbooks.flatMap(({ id, markdown }) =>
    markdown === undefined ? [] : [runbookOfMarkdown(markdown, `runbook ${id} of run ${plan.runId}`)],
  );

/**
 * A scenario with runbooks of the user's own beside its own.
 * @throws FiredrillError `usage` where two have one name
 */
export function withRunbooks(scenario: Scenario, own: readonly ClaimedRunbook[]): Scenario {
  const runbooks = [...scenario.runbooks];
  for (const claimed of own) {
    const { id, source } = claimed.runbook;
    if (runbooks.some(({ runbook }) => runbook.id === id))
      throw new FiredrillError('usage', `${source}: there is a runbook ${id} already`, {
        hint: 'begin the file with another name: ---, id: our-way, ---',
      });
    runbooks.push(claimed);
  }
  return { ...scenario, runbooks };
}

/** Whether what was typed for a scenario is a file and not a name. */
export const isOutageFile = (asked: string): boolean => /\.(ya?ml|m?ts)$/.test(asked);

/** Whether such a file is code. */
export const isCode = (file: string): boolean => /\.m?ts$/.test(file);

/** The name of what was typed: a file's without folder and ending, for that is what its runs are kept under. */
export const nameOfScenario = (asked: string): string =>
  isOutageFile(asked) ? (asked.split(/[\\/]/).at(-1) ?? asked).replace(/\.[^.]*$/, '') : asked;

/**
 * The outage in a YAML file or one of TypeScript, for a distribution.
 * @throws FiredrillError `usage` with line and column of what is wrong in it
 */
export async function ownOutage(file: string, distribution: Distribution, folder: string): Promise<Existence> {
  const id = nameOfScenario(file);
  if (!isName(id))
    throw new FiredrillError('usage', `${file}: its name becomes the outage's: lower-case letters, digits and dashes`, {
      hint: `mv ${file} ${nameFrom(id)}${extname(file)}`,
    });
  if (isCode(file)) return await codeExistence(resolve(file), distribution);
  const parts = partsOfOutages(folder, distribution);
  const outage = await outageOfYaml(textOf('outage', file), id, file, {
    distribution: distribution.name,
    measured: (workload) => (isAbsolute(workload) ? measuredOn(workload) : { probes: resurrectionProbes() }),
    alerts: resurrectionDetectors,
    alert: (name) => parts.find('alert', name, ({ detectors }) => detectors.map((one) => [one.id, one, said(one)])),
    runbook: (name) =>
      parts.find('runbook', name, ({ runbooks }) =>
        runbooks.map((one) => [one.runbook.id, one, JSON.stringify(one.runbook)]),
      ),
    page: (path) => ownRunbook(join(dirname(file), path)),
    control: claimed(wait(), 'unknown', 'nothing is claimed'),
    workload: (name) => {
      if (/^\.{0,2}\//.test(name)) return ownFolder(resolve(dirname(file), name));
      const known = workloadNames();
      if (known.includes(name)) return name;
      throw new Error(`is ${name}, and there is no such workload${didYouMeanOneOf(name, known)}`);
    },
  });
  return 'why' in outage ? outage : existence(outage.scenario, distribution);
}

/** The folder of a user's own workload. @throws Error with the reason where it is none */
function ownFolder(folder: string): string {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  if (!files.some((name) => name.endsWith('.yaml') && name !== sliFileName))
    throw new Error(`is ${folder}, where there is no manifest (*.yaml)`);
  return folder;
}

/** What is measured on a user's own workload: what every cluster has, and the SLIs that lie beside the manifests. */
function measuredOn(folder: string): Pick<Scenario, 'probes' | 'users'> {
  const file = join(folder, sliFileName);
  const { probes, users } = existsSync(file) ? slisOfYaml(textOf('SLIs', file), file) : { probes: [], users: () => [] };
  return { probes: [...resurrectionProbes().filter(({ sli }) => workloadless.includes(sli)), ...probes], users };
}

/**
 * A scenario on a user's own workload.
 * @param folder of its manifests; `slis`: the file of its SLIs, else the one beside the manifests
 * @throws FiredrillError `usage` where it is no workload, has no SLIs, or the outage is one of ours alone
 */
export function onOwnWorkload(
  id: string,
  scenario: Scenario,
  { workload, slis }: { readonly workload: string; readonly slis?: string },
): Moved {
  const hint = 'docs/own-workload.md';
  try {
    const folder = ownFolder(resolve(workload));
    const file = slis ?? join(folder, sliFileName);
    if (!existsSync(file))
      throw new FiredrillError(
        'usage',
        `--workload ${workload}: nothing says what its users see: ${file} is not there`,
        {
          hint: `npm run firedrill -- new slis ours, then add --slis ./ours.yaml`,
        },
      );
    return onWorkload(scenario, folder, slisOfYaml(textOf('SLIs', file), file));
  } catch (error) {
    if (error instanceof FiredrillError) throw error;
    throw new FiredrillError('usage', `--workload ${workload}: ${id} ${oneLine(error)}`, { hint, cause: error });
  }
}

/** The YAML file of a folder's scenario; undefined where it is in TypeScript. */
export const outageFileIn = (dir: string, id: string): string | undefined =>
  idsOf(dir, 'yaml').includes(id) ? join(dir, `${id}.yaml`) : undefined;

const workloadNames = (): readonly string[] =>
  readdirSync(join(projectRoot, 'manifests'), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() && existsSync(join(projectRoot, 'manifests', entry.name, '00-namespaces.yaml'))
      ? [entry.name]
      : [],
  );

/** What tells two alerts of one name apart: what they look for, and how. */
const said = (alert: Detector): string => [alert.title, alert.expects, alert.loop(profiles.fast)].join('\n');

/** Parts of the outages of a folder that are in TypeScript, by their names. */
function partsOfOutages(folder: string, distribution: Distribution) {
  let loaded: Promise<readonly (readonly [string, Scenario])[]> | undefined;
  const load = async (): Promise<readonly (readonly [string, Scenario])[]> => {
    const there = await Promise.all(
      idsOf(folder, 'ts').map(async (id) => [id, await codeExistence(join(folder, `${id}.ts`), distribution)] as const),
    );
    return there.flatMap(([id, one]) => ('scenario' in one ? [[id, one.scenario] as const] : []));
  };
  return {
    /** @param partsIn of a scenario: each part's name, the part, and a text that is the same for equal ones */
    async find<T>(
      what: string,
      asked: string,
      partsIn: (scenario: Scenario) => readonly (readonly [string, T, string])[],
    ): Promise<T> {
      const [name = asked, within] = asked.split('/').reverse();
      const found = (await (loaded ??= load())).flatMap(([id, scenario]) =>
        within !== undefined && within !== id
          ? []
          : partsIn(scenario).map(([partName, part, text]) => ({ id, name: partName, part, text })),
      );
      const named = found.filter((one) => one.name === name);
      const [first] = named;
      if (first === undefined)
        throw new Error(
          `names the ${what} ${asked}, which there is not${didYouMeanOneOf(name, [...new Set(found.map((one) => one.name))])}`,
        );
      if (new Set(named.map(({ text }) => text)).size > 1)
        throw new Error(
          `names the ${what} ${name}, of which there are several: say ${named
            .map(({ id }) => `${id}/${name}`)
            .slice(0, 4)
            .join(' or ')}`,
        );
      return first.part;
    },
  };
}
