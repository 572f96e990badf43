import { resolve } from 'node:path';
import { exitCodes, oneLine } from '../../model/errors.ts';
import type { CommandContext } from '../context.ts';
import { distributions } from '../../distributions/all.ts';
import { distributionNames } from '../../model/distribution.ts';
import { faultIn, scenarioDir } from '../load-code.ts';
import { loadExistence, scenarioIds } from '../load.ts';
import { isCode } from '../own.ts';
import { problemsWith, problemsWithFault } from '../sound.ts';

/** `validate [scenario or file] [--json]`: loads scenarios for every distribution where they exist, and checks what types cannot. No Docker. Exit 2 when one is not sound. */
export async function validate(
  context: CommandContext,
  id: string | undefined,
  options: { readonly json?: boolean },
): Promise<number> {
  const results: { readonly id: string; readonly problems: readonly string[] }[] = [];
  for (const each of id === undefined ? scenarioIds() : [id]) {
    try {
      const problems = new Set<string>();
      for (const name of distributionNames) {
        const fault = isCode(each) ? await faultIn(resolve(each), distributions[name]) : undefined;
        if (fault !== undefined) {
          for (const problem of await problemsWithFault(fault)) problems.add(problem);
          continue;
        }
        const there = await loadExistence(each, scenarioDir(), distributions[name]);
        if ('why' in there) continue;
        for (const problem of await problemsWith(there.scenario)) problems.add(problem);
      }
      results.push({ id: each, problems: [...problems] });
    } catch (error) {
      // Asked for by name, an unknown scenario is the user's error; among all, a broken one must not hide the others.
      if (id !== undefined) throw error;
      results.push({ id: each, problems: [oneLine(error)] });
    }
  }
  context.output.result(
    options.json === true
      ? JSON.stringify(results, null, 2)
      : results
          .flatMap((result) =>
            result.problems.length === 0
              ? [`${result.id}: ok`]
              : result.problems.map((problem) => `${result.id}: ${problem}`),
          )
          .join('\n'),
  );
  return results.every((result) => result.problems.length === 0) ? exitCodes.done : exitCodes.usage;
}
