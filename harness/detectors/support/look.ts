import { beforeAbort } from '../../model/abort.ts';
import { oneLine } from '../../model/errors.ts';
import type { DetectorContext, Reading } from '../../model/detector.ts';
import { millis, seconds, type Millis } from '../../model/units.ts';
import { pause } from './time.ts';

/**
 * How long a look at the API may take: an alert that polls every second still waits longer than that for a slow answer. Below
 * three periods, after which silence means dead.
 */
export const lookTimeout = (periodMs: number): Millis => millis(Math.min(5000, Math.max(periodMs, 2500)));

/**
 * What a command says in a node, within 4 s unless told otherwise.
 * @throws Error with the node's name and its own words when it fails: who could not look is blind
 */
export async function askNode(
  { cluster, signal }: Pick<DetectorContext, 'cluster' | 'signal'>,
  node: string,
  command: string,
  timeoutMs: Millis = seconds(4),
): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.look(node, command, { timeoutMs, signal });
  if (exitCode !== 0) throw new Error(`${node}: ${stderr || `exit ${exitCode}`}`);
  return stdout;
}

/** What one look found: the text of the alert, or undefined when all is well. */
export type Finding = string | undefined;

/**
 * Turns findings into readings: says `quiet` or `firing` when that changes (or when an alert says something else than
 * before), `alive` otherwise.
 */
export class Voice {
  #last: { readonly finding: Finding } | undefined;

  say(finding: Finding): Reading {
    if (this.#last !== undefined && this.#last.finding === finding) return { state: 'alive' };
    this.#last = { finding };
    return finding === undefined ? { state: 'quiet' } : { state: 'firing', what: finding };
  }

  /** It could not see. What it says next is news again, also when it is the same as before: a heartbeat would not end `blind`. */
  blind(why: string): Reading {
    this.#last = undefined;
    return { state: 'blind', why };
  }
}

/**
 * A detector that looks every `periodMs`, from start to start. A look that throws is `blind`: it looked and could not see,
 * which is not the same as all being well. Looks never overlap; `look` must bound itself and honour the signal.
 */
export async function* looking(
  periodMs: number,
  { now, signal }: Pick<DetectorContext, 'now' | 'signal'>,
  look: () => Promise<Finding>,
): AsyncGenerator<Reading, void, undefined> {
  const voice = new Voice();
  // A function, for the checker believes that a signal which was not aborted a line ago never will be.
  const over = (): boolean => signal.aborted;
  while (!over()) {
    const began = now();
    const reading = await beforeAbort(look(), signal).then(
      (finding) => () => voice.say(finding),
      (error: unknown) => () => voice.blind(oneLine(error)),
    );
    if (over()) return;
    yield reading();
    await pause(began + periodMs - now(), signal);
  }
}
