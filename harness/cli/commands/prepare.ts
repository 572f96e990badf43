import { exitCodes } from '../../model/errors.ts';
import type { ImageMode, KubernetesMinor } from '../../images/refs.ts';
import type { DistributionName } from '../../model/distribution.ts';
import { machineArchitecture, type Architecture } from '../../host/architecture.ts';
import { makeReady } from '../../setup/ready.ts';
import type { CommandContext } from '../context.ts';
import type { ReporterName } from '../options.ts';
import { chooseReporter, makeReporter, realWorld } from '../progress/reporter.ts';

export interface PrepareFlags {
  readonly images: ImageMode;
  readonly kubernetes?: KubernetesMinor;
  readonly distribution?: DistributionName;
  /** Another architecture than this machine's: what is compiled for it, and nothing else. */
  readonly arch?: Architecture;
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
    if (options.arch !== undefined && options.arch !== machineArchitecture()) {
      const { crossCompile } = await import('../../images/cross.ts');
      const asked = { architecture: options.arch, mode: options.images };
      const timings = await crossCompile(asked, reporter.onProgress, context.signal);
      reporter.stop();
      const json = JSON.stringify(timings, null, 2);
      const line = `compiled for ${options.arch}: ${timings.length} parts; build the images on a machine of that architecture`;
      context.output.result(options.json === true ? json : line);
      return exitCodes.done;
    }
    const { images } = await makeReady(options, reporter.onProgress, context.signal);
    reporter.stop();
    context.output.result(options.json === true ? JSON.stringify(images, null, 2) : `ready: ${images.node}`);
  } finally {
    reporter.stop();
  }
  return exitCodes.done;
}
