import type { Cluster } from '../model/cluster.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { millis } from '../model/units.ts';

/**
 * Runs a command on the workstation that has to succeed.
 * @throws FiredrillError `environment` with `what` and the command's own words
 */
export async function mustOnWorkstation(
  cluster: Pick<Cluster, 'workstation'>,
  command: string,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const result = await cluster.workstation(command, { timeoutMs: millis(120_000), signal });
  signal.throwIfAborted();
  if (result.exitCode !== 0) {
    throw new FiredrillError('environment', `${what} failed (exit ${result.exitCode}): ${oneLine(result.stderr)}`);
  }
}

/**
 * Runs a command in a node that has to succeed.
 * @returns what it printed
 * @throws FiredrillError `environment` with the node's name and the command's own words
 */
export async function mustOnNode(
  cluster: Pick<Cluster, 'exec'>,
  node: string,
  command: string,
  signal: AbortSignal,
  timeoutMs = millis(60_000),
): Promise<string> {
  const result = await cluster.exec(node, command, { timeoutMs, signal });
  signal.throwIfAborted();
  if (result.exitCode !== 0) {
    throw new FiredrillError('environment', `in node ${node}: ${oneLine(result.stderr || `exit ${result.exitCode}`)}`);
  }
  return result.stdout;
}
