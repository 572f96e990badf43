import { exitCodes } from '../../model/errors.ts';
import { ensureImages } from '../../images/ensure.ts';
import { ensureDocker } from '../../setup/docker.ts';
import { ensureKind, ensureKubectl } from '../../setup/kind.ts';
import type { CommandContext } from '../context.ts';
import type { ReporterName } from '../options.ts';
import { chooseReporter, makeReporter, realWorld } from '../progress/reporter.ts';

export interface PrepareFlags {
  readonly images: 'auto' | 'pull' | 'build';
  readonly reporter?: ReporterName;
  readonly json?: boolean;
}

/**
 * `prepare [--images]`: makes this machine ready for runs: Docker, tools, images. What is there already is left as it is, so
 * a second time takes a second. `run` does the same by itself; this is for before the night, and for CI.
 */
export async function prepare(context: CommandContext, options: PrepareFlags): Promise<number> {
  const reporter = makeReporter(
    chooseReporter(options.reporter, context.output, context.env),
    realWorld(context.output),
  );
  try {
    await ensureDocker({}, reporter.onProgress, context.signal);
    const images = await ensureImages({ mode: options.images }, reporter.onProgress, context.signal);
    await ensureKind({}, reporter.onProgress, context.signal);
    await ensureKubectl(images.node, {}, reporter.onProgress, context.signal);
    reporter.stop();
    context.output.result(options.json === true ? JSON.stringify(images, null, 2) : `ready: ${images.node}`);
  } finally {
    reporter.stop();
  }
  return exitCodes.done;
}
