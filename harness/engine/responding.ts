import { join } from 'node:path';
import type { CommandEnd, DeskCommand } from '../desk/command-log.ts';
import { openDesk, type Desk } from '../desk/desk.ts';
import type { DeskEnding } from '../desk/program.ts';
import { deadline } from '../host/time.ts';
import { oneLine } from '../model/errors.ts';
import type { EventOf, TrialEvent } from '../model/events.ts';
import type { NodeInfo } from '../model/cluster.ts';
import { seconds } from '../model/units.ts';
import { lastLines, placeName, redact } from './steps.ts';
import { isRecovered } from './waits.ts';
import type { Watched } from './watched.ts';

/** Somebody who responds to an outage at a desk: a program, an agent, a person. */
export interface Responder {
  /** `on-call`: at the desk since before the fault. `called`: comes when a runbook would begin. */
  readonly comes: 'on-call' | 'called';
  /**
   * Works at the desk until done, or until the signal aborts, which it has to obey within seconds. Must not reject for what happens at the desk.
   * @param given.log where what it prints may be kept
   */
  work(
    desk: Desk,
    given: { readonly limitMs: number; readonly log: string; readonly signal: AbortSignal },
  ): Promise<DeskEnding>;
}

/** By the id of the runbook that stands for each. */
export type Responders = ReadonlyMap<string, Responder>;

/** A responder's part in a trial. */
export interface Shift {
  /** Whether it is at work already. */
  readonly begun: boolean;
  /**
   * Lets alerts through, those of before first. They are held back until the fault is known to be in effect: whoever ended it sooner would leave nothing to
   * be witnessed, and no trial.
   */
  tell(): void;
  /** Resolves when it is done, when service has been stable for its window, or at an instant of the trial: then it is told to stop. */
  work(endMs: number): Promise<void>;
  /** Takes the desk away; may be called again. */
  close(): Promise<void>;
}

/** How often service is asked whether it is back. */
const lookMs = 2000;
/** How long a responder that was told to stop is waited for. */
const patienceMs = 10_000;

/** Sets a desk up for a trial's responder, with the alerts that fired so far, and lets one that is on call begin. */
export async function beginShift(watched: Watched, responder: Responder): Promise<Shift> {
  const { cluster, journal, clock, spec, signal } = watched;
  const limitMs = spec.scenario.horizonMs[spec.profile.name];
  const stepOf = ({ index, on, command, changes }: DeskCommand) =>
    ({
      type: 'step',
      part: 'runbook',
      index,
      changes,
      name: nameOf(redact(command)),
      on: placeOf(on, cluster.nodes),
      command: redact(command),
    }) as const;
  const desk = await openDesk({
    cluster,
    limitMs,
    commands: {
      started: (command) => journal.write({ ...stepOf(command), state: 'started' }),
      ended: (command, { exitCode, output }: CommandEnd) => {
        journal.write({
          ...stepOf(command),
          state: exitCode === 0 ? 'done' : 'failed',
          exitCode,
          output: lastLines(redact(output)),
        });
        if (asksForReboot.test(command.command)) void comeBack(watched, command.on).catch(() => undefined);
      },
    },
  });
  const following = new AbortController();
  let telling = false;
  const tell = (): void => {
    if (!telling) void tellAlerts(watched, desk, following.signal);
    telling = true;
  };
  let ended: Promise<DeskEnding> | undefined;
  const over = new AbortController();
  const begin = (leftMs: number): Promise<DeskEnding> => {
    const stop = AbortSignal.any([signal, over.signal]);
    const log = join(spec.dir, 'responder.log');
    return (ended ??= responder
      .work(desk, { limitMs: leftMs, log, signal: stop })
      .catch((error: unknown): DeskEnding => ({ how: 'failed', says: oneLine(error) })));
  };
  if (responder.comes === 'on-call') void begin(limitMs * 4);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      following.abort();
      over.abort(new Error('the desk is closed'));
      await Promise.race([ended, clockless(patienceMs)]);
      await desk.close();
    })());
  return {
    begun: ended !== undefined,
    tell,
    close,
    work: async (endMs) => {
      tell();
      const working = begin(Math.max(1000, endMs - clock.now()));
      let ending: DeskEnding | undefined;
      void working.then((how) => {
        ending = how;
      });
      while (ending === undefined && clock.now() < endMs && !isRecovered(watched)) {
        const waiting = deadline(Infinity, signal);
        void working.then(() => {
          waiting.abort(new Error('done'));
        });
        await clock.sleep(Math.min(lookMs, Math.max(1, endMs - clock.now())), waiting.signal).catch(() => undefined);
        waiting[Symbol.dispose]();
        signal.throwIfAborted();
      }
      const late = ending === undefined && clock.now() >= endMs;
      over.abort(new Error(late ? 'its time is up' : 'service is back'));
      const told = await Promise.race([working, clockless(patienceMs)]);
      const how: DeskEnding =
        told === undefined
          ? { how: 'late', says: 'it did not stop when it was told to' }
          : told.how === 'over'
            ? late
              ? { how: 'late', says: 'it was stopped at its limit' }
              : { how: 'over', says: 'it was still at work when service had been stable' }
            : told;
      // What it left running goes before anything else is judged.
      await close();
      journal.write({ type: 'responder', how: how.how, says: how.says, commands: desk.count() });
    },
  };
}

const clockless = (ms: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(() => {
      resolve(undefined);
    }, ms).unref();
  });

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
export function placeOf(on: string, nodes: readonly NodeInfo[]): string {
  const node = nodes.find(({ name }) => name === on);
  if (node === undefined) return placeName('workstation');
  if (node.role === 'control-plane') return placeName('control-plane');
  return placeName({ worker: nodes.filter(({ role }) => role === 'worker').indexOf(node) + 1 });
}

/** Hands alerts on as they fire and are resolved, those of before first; nothing else of a detector's readings. */
async function tellAlerts({ spec, journal, clock }: Watched, desk: Desk, signal: AbortSignal): Promise<void> {
  const titles = new Map(spec.scenario.detectors.map(({ id, title }) => [id, title]));
  const firing = new Set<string>();
  const tell = (event: EventOf<'detector'> & { readonly atMs: number }): void => {
    const { detector, state, what, labels } = event;
    if (state === 'firing' ? firing.has(detector) : state !== 'quiet' || !firing.delete(detector)) return;
    if (state === 'firing') firing.add(detector);
    desk.feed.push({
      at: new Date(clock.wallEpochMs + event.atMs).toISOString(),
      alert: detector,
      state: state === 'firing' ? 'firing' : 'resolved',
      summary: titles.get(detector) ?? detector,
      ...(what === undefined || state !== 'firing' ? {} : { says: what }),
      ...(labels === undefined ? {} : { labels }),
    });
  };
  const hear = (event: TrialEvent): void => {
    if (event.type === 'detector') tell(event);
  };
  // No event falls between those of before and those to come: nothing is awaited here.
  const live = journal.live.subscribe(signal);
  for (const event of journal.events) hear(event);
  for await (const event of live) if (!signal.aborted) hear(event);
}
