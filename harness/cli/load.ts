import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { distributions } from '../distributions/all.ts';
import type { Distribution } from '../model/distribution.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import { existence, type Existence, type Scenario } from '../model/scenario.ts';
import { shapeProblems } from '../model/shape.ts';
import { didYouMeanOneOf } from './suggest.ts';

/** The project's folder. */
export const projectRoot = join(import.meta.dirname, '..', '..');

/** The outages that are kept with firedrill. */
export const corpusDir = join(projectRoot, 'corpus');

/** Where reports go: into the checkout, or where an installed firedrill is called from. What is in node_modules goes with the next installation. */
export const reportsDir = (root: string, cwd: string): string =>
  join(existsSync(join(root, 'package-lock.json')) ? root : cwd, 'reports');

/** Where scenarios are. `FIREDRILL_SCENARIOS` is for tests and for people who keep theirs elsewhere. */
export function scenarioDir(): string {
  return process.env['FIREDRILL_SCENARIOS'] ?? join(projectRoot, 'scenarios');
}

/** Ids of all scenarios: the files' names, sorted. A file is all it takes to add one. */
export function scenarioIds(dir: string = scenarioDir()): readonly string[] {
  let files: readonly string[];
  try {
    files = readdirSync(dir);
  } catch (error) {
    throw new FiredrillError('usage', `cannot read the scenarios in ${dir}: ${oneLine(error)}`, { cause: error });
  }
  return files.flatMap((file) => /^([a-z0-9][a-z0-9-]*)\.ts$/.exec(file)?.[1] ?? []).sort();
}

/**
 * Says the first of a scenario's problems, and how many there are besides.
 * @throws FiredrillError `usage` when there is one
 */
export function refuseProblems(file: string, [first, ...more]: readonly string[], hint: string): void {
  if (first === undefined) return;
  throw new FiredrillError('usage', `${file}: ${first}${more.length === 0 ? '' : ` (and ${more.length} more)`}`, {
    hint,
  });
}

/**
 * A scenario by the name of its file, with the runbooks that exist on the distribution. `usage` when there is none, when the file cannot be loaded or
 * exports none, and when the outage does not exist there.
 */
export async function loadScenario(
  id: string,
  dir: string = scenarioDir(),
  distribution: Distribution = distributions.kubeadm,
): Promise<Scenario> {
  const there = await loadExistence(id, dir, distribution);
  if ('scenario' in there) return there.scenario;
  throw new FiredrillError('usage', `there is no ${id} on ${distribution.name}: ${there.why}`, {
    hint: `npm run firedrill -- list --distribution ${distribution.name}`,
  });
}

/**
 * A scenario and the first distribution on which it exists, in the order of `all`. `usage` as `loadScenario`, and when it exists on none.
 */
export async function loadAnywhere(
  id: string,
  dir: string = scenarioDir(),
  all: readonly Distribution[] = Object.values(distributions),
): Promise<{ readonly scenario: Scenario; readonly distribution: Distribution }> {
  const reasons: string[] = [];
  for (const distribution of all) {
    const there = await loadExistence(id, dir, distribution);
    if ('scenario' in there) return { scenario: there.scenario, distribution };
    reasons.push(there.why);
  }
  throw new FiredrillError('usage', `there is no ${id} on any distribution: ${reasons.join('; ')}`);
}

/** What there is of a scenario on a distribution. `usage` when there is no such scenario, or its file cannot be loaded or exports none. */
export async function loadExistence(id: string, dir: string, distribution: Distribution): Promise<Existence> {
  const ids = scenarioIds(dir);
  if (!ids.includes(id)) {
    throw new FiredrillError('usage', `unknown scenario "${id}"${didYouMeanOneOf(id, ids)}`, {
      hint: 'npm run firedrill -- list',
    });
  }
  const path = join(dir, `${id}.ts`);
  let scenario: unknown;
  try {
    const loaded = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    const declared = loaded.default;
    scenario = typeof declared === 'function' ? (declared as (on: Distribution) => unknown)(distribution) : declared;
  } catch (error) {
    throw new FiredrillError('usage', `${path} cannot be loaded: ${oneLine(error)}`, {
      hint: 'npx tsc --noEmit -p .',
      cause: error,
    });
  }
  if (typeof scenario !== 'object' || scenario === null || !('outage' in scenario) || !('fault' in scenario)) {
    throw new FiredrillError('usage', `${path} has no scenario as its default export`, {
      hint: 'export default defineScenario({ ... })',
    });
  }
  refuseProblems(path, shapeProblems(scenario), 'npx tsc --noEmit -p .');
  return existence(scenario as Scenario, distribution);
}

/** A runbook of a scenario by its id. */
export function findRunbook(scenarioId: string, scenario: Scenario, id: string): ClaimedRunbook {
  const found = scenario.runbooks.find((claimed) => claimed.runbook.id === id);
  if (found === undefined) {
    const known = scenario.runbooks.map((claimed) => claimed.runbook.id);
    throw new FiredrillError('usage', `unknown runbook "${id}" of ${scenarioId}${didYouMeanOneOf(id, known)}`, {
      hint: `npm run firedrill -- describe ${scenarioId}`,
    });
  }
  return found;
}

/** Says so when a scenario has no such detector. */
export function requireDetector(scenarioId: string, scenario: Scenario, id: string): void {
  const known = scenario.detectors.map((detector) => detector.id);
  if (!known.includes(id)) {
    throw new FiredrillError('usage', `unknown detector "${id}" of ${scenarioId}${didYouMeanOneOf(id, known)}`, {
      hint: `npm run firedrill -- describe ${scenarioId}`,
    });
  }
}
