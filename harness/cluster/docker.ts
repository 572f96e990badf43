import { FiredrillError, oneLine } from '../model/errors.ts';
import { runProcess, type RunOptions, type RunProcess } from './process.ts';

/** Labels on everything that firedrill makes in Docker. `clean` finds its own by them and touches nothing else. */
export const labels = {
  run: 'firedrill.run',
  cluster: 'firedrill.cluster',
  /** On networks: the image by which the fence was put up and can be taken down. */
  helperImage: 'firedrill.helper-image',
} as const;

/** Clusters are named so; a name without it is never ours. */
export const clusterPrefix = 'firedrill-';

/** Runs the docker command line and returns its stdout, trimmed. */
export type Docker = (args: readonly string[], options?: RunOptions) => Promise<string>;

/**
 * The docker command line of this machine, whatever Docker it speaks to.
 * @throws FiredrillError `environment` when the command fails, with the last line that it said
 */
export function dockerCli(run: RunProcess = runProcess): Docker {
  return async (args, options = {}) => {
    const result = await run('docker', args, { timeoutMs: 60_000, ...options });
    options.signal?.throwIfAborted();
    if (result.exitCode !== 0) {
      const said = result.stderr.trim().split('\n').at(-1) ?? '';
      throw new FiredrillError(
        'environment',
        `docker ${args.slice(0, 2).join(' ')} failed (exit ${result.exitCode}): ${oneLine(said)}`,
        { hint: 'npm run firedrill -- doctor' },
      );
    }
    return result.stdout.trim();
  };
}

/** Lines of an output, without empty ones. */
export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

/** Whether Docker's answer says that the thing is not there (which is what removing wants). */
export const isGone = (error: unknown): boolean => /no such|not found/i.test(oneLine(error));
