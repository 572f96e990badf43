import type { DeskAlert } from '../desk/alert-feed.ts';
import type { CommandEnd, CommandListener, DeskCommand } from '../desk/command-log.ts';
import type { NodeInfo } from '../model/cluster.ts';
import type { EventOf, TrialEvent } from '../model/events.ts';
import { seconds } from '../model/units.ts';
import { lastLines, placeName, redact } from './steps.ts';
import type { Watched } from './watched.ts';

/** Writes down what is typed at a desk: as steps of the answer, and as notes as long as nothing is broken. */
export class CommandNotes implements CommandListener {
  readonly #watched: Watched;
  #typed = 0;
  /** Commands before this one were given before the fault. */
  #firstIndex = Infinity;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** From now on what is typed answers the outage. */
  faultBegins(): void {
    this.#firstIndex = this.#typed;
  }

  started(command: DeskCommand): void {
    const { journal, cluster } = this.#watched;
    this.#typed = command.index + 1;
    if (command.index >= this.#firstIndex) journal.write({ ...this.#step(command), state: 'started' });
    else {
      const on = placeOf(command.on, cluster.nodes);
      journal.write({ type: 'note', text: `before the fault, on ${on}: ${redact(command.command)}` });
    }
  }

  ended(command: DeskCommand, { exitCode, output }: CommandEnd): void {
    if (command.index >= this.#firstIndex)
      this.#watched.journal.write({
        ...this.#step(command),
        state: exitCode === 0 ? 'done' : 'failed',
        exitCode,
        output: lastLines(redact(output)),
      });
    if (asksForReboot.test(command.command)) void comeBack(this.#watched, command.on).catch(() => undefined);
  }

  #step({ index, on, command, changes }: DeskCommand) {
    const typed = redact(command);
    return {
      type: 'step',
      part: 'runbook',
      index: index - this.#firstIndex,
      changes,
      name: nameOf(typed),
      on: placeOf(on, this.#watched.cluster.nodes),
      command: typed,
    } as const;
  }
}

/** What a machine is told that is to start again; a node's container, which has no firmware, only ends of it. */
const asksForReboot = /\b(reboot|shutdown\s+-r|init\s+6|kexec)\b/;
/** How long a node that was told to reboot may take to go down. */
const downWithinMs = 30_000;

/** Switches a node on again that goes down because it was told to reboot; one that does not go down is left as it is. */
async function comeBack({ cluster, clock, signal }: Watched, on: string): Promise<void> {
  if (!cluster.nodes.some(({ name }) => name === on)) return;
  const endMs = clock.now() + downWithinMs;
  while (clock.now() < endMs) {
    const { exitCode } = await cluster.exec(on, 'true', { timeoutMs: seconds(10), signal });
    // Cut off is no sign of anything.
    if (exitCode !== 0 && exitCode !== 124 && !signal.aborted) {
      await cluster.reboot(on, { timeoutMs: seconds(60), signal });
      return;
    }
    await clock.sleep(500, signal);
  }
}

/** A command's first line, as progress and reports name it. */
const nameOf = (command: string): string => (command.trim().split('\n')[0] ?? '').slice(0, 60) || 'nothing';

/** A node by the word that runbooks have for it. */
function placeOf(on: string, nodes: readonly NodeInfo[]): string {
  const node = nodes.find(({ name }) => name === on);
  if (node === undefined) return placeName('workstation');
  if (node.role === 'control-plane') return placeName('control-plane');
  return placeName({ worker: nodes.filter(({ role }) => role === 'worker').indexOf(node) + 1 });
}

/**
 * Hands alerts on as they fire and are resolved, those of before first; nothing else of a detector's readings. To be called when the fault is known to be in
 * effect: whoever ended it sooner would leave nothing to be witnessed, and no trial.
 */
export async function tellAlerts(
  { spec, journal, clock }: Watched,
  tell: (alert: DeskAlert) => void,
  signal: AbortSignal,
): Promise<void> {
  const titles = new Map(spec.scenario.detectors.map(({ id, title }) => [id, title]));
  const firing = new Set<string>();
  const hear = (event: TrialEvent): void => {
    if (event.type === 'detector' && changes(event, firing))
      tell(alertOf(event, titles.get(event.detector) ?? event.detector, clock.wallEpochMs + event.atMs));
  };
  // No event falls between those of before and those to come: nothing is awaited here.
  const live = journal.live.subscribe(signal);
  for (const event of journal.events) hear(event);
  for await (const event of live) if (!signal.aborted) hear(event);
}

/** Whether an alert begins or ends here; those that fire are kept in the set. */
function changes({ detector, state }: EventOf<'detector'>, firing: Set<string>): boolean {
  if (state !== 'firing') return state === 'quiet' && firing.delete(detector);
  const begins = !firing.has(detector);
  firing.add(detector);
  return begins;
}

const alertOf = (
  { detector, state, what, labels }: EventOf<'detector'>,
  summary: string,
  epochMs: number,
): DeskAlert => ({
  at: new Date(epochMs).toISOString(),
  alert: detector,
  state: state === 'firing' ? 'firing' : 'resolved',
  summary,
  ...(what === undefined || state !== 'firing' ? {} : { says: what }),
  ...(labels === undefined ? {} : { labels }),
});
