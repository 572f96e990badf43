import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { existence, type Existence, type Scenario } from '../model/scenario.ts';
import { shapeProblems } from '../model/shape.ts';

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

/**
 * Ids of the scenarios of a folder that are files of one kind, sorted: the files' names.
 * @throws FiredrillError `usage` when it cannot be read
 */
export function idsOf(dir: string, ending: 'ts' | 'yaml'): readonly string[] {
  let files: readonly string[];
  try {
    files = readdirSync(dir);
  } catch (error) {
    throw new FiredrillError('usage', `cannot read the scenarios in ${dir}: ${oneLine(error)}`, { cause: error });
  }
  const id = new RegExp(`^([a-z0-9][a-z0-9-]*)\\.${ending}$`);
  return files.flatMap((file) => id.exec(file)?.[1] ?? []).sort();
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

/** What a file in TypeScript declares for a distribution: its default export, or what that makes of the distribution. */
async function declaredIn(path: string, distribution: Distribution): Promise<unknown> {
  try {
    const loaded = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    const declared = loaded.default;
    return typeof declared === 'function' ? (declared as (on: Distribution) => unknown)(distribution) : declared;
  } catch (error) {
    throw new FiredrillError('usage', `${path} cannot be loaded: ${oneLine(error)}`, {
      hint: 'npx tsc --noEmit -p .',
      cause: error,
    });
  }
}

/** The fault that a file exports where it holds no scenario; undefined where it does. For `validate`. */
export async function faultIn(path: string, distribution: Distribution): Promise<Fault | undefined> {
  const declared = await declaredIn(path, distribution);
  return typeof declared === 'object' && declared !== null && 'inject' in declared && 'witness' in declared
    ? (declared as Fault)
    : undefined;
}

/** What there is of the scenario in a file of TypeScript on a distribution. `usage` when it cannot be loaded or exports none. */
export async function codeExistence(path: string, distribution: Distribution): Promise<Existence> {
  const scenario = await declaredIn(path, distribution);
  if (typeof scenario !== 'object' || scenario === null || !('outage' in scenario) || !('fault' in scenario)) {
    throw new FiredrillError('usage', `${path} has no scenario as its default export`, {
      hint: 'export default defineScenario({ ... })',
    });
  }
  refuseProblems(path, shapeProblems(scenario), 'npx tsc --noEmit -p .');
  return existence(scenario as Scenario, distribution);
}
