import type { OnProgress } from '../model/progress.ts';
import type { Architecture } from '../host/architecture.ts';
import { cacheDir as defaultCacheDir } from '../host/folders.ts';
import { realRunner, type Runner } from '../host/run.ts';
import { buildGraph, stepOf, type BuildGraph } from './build.ts';
import { reachable, type StepTiming } from './dag.ts';
import { buildSteps } from './ensure.ts';
import { recipesDir as defaultRecipesDir } from './keys.ts';
import { images, type ImageMode } from './refs.ts';

/**
 * The steps that can be made for another architecture: what is compiled, Go and C. Debian's packages run programs of their own when they are
 * installed and images are put together by running them, so those are made on a machine of that architecture.
 */
export const compiled = (graph: BuildGraph, mode: ImageMode): readonly string[] =>
  reachable(
    graph.steps,
    images.map(({ id }) => stepOf(id, mode)),
  )
    .map(({ id }) => id)
    .filter((id) => /^(go|c)-/.test(id));

/**
 * Compiles for another architecture all that images are made of. The results lie in the cache under keys of their own; every program is looked at for
 * what it is for. What is there already is left.
 * @throws FiredrillError `environment`: no compiler, or a step that failed, with its last words
 */
export async function crossCompile(
  options: {
    readonly architecture: Architecture;
    readonly mode: ImageMode;
    readonly cacheDir?: string;
    readonly recipesDir?: string;
    readonly runner?: Runner;
  },
  progress: OnProgress,
  signal?: AbortSignal,
): Promise<readonly StepTiming[]> {
  const { runner = realRunner, cacheDir = defaultCacheDir(), recipesDir = defaultRecipesDir } = options;
  const { architecture, mode } = options;
  const graph = buildGraph({ runner, cacheDir, recipesDir, architecture, durations: {} });
  return buildSteps({ runner, cacheDir, recipesDir }, graph, compiled(graph, mode), architecture, progress, signal);
}
