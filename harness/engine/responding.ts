import { join } from 'node:path';
import { openDesk } from '../desk/desk.ts';
import type { DeskEnding } from '../desk/program.ts';
import { deadline } from '../host/time.ts';
import { oneLine } from '../model/errors.ts';
import { CommandNotes, tellAlerts } from './at-desk.ts';
import type { Responder } from './on-call.ts';
import { isRecovered } from './waits.ts';
import type { Watched } from './watched.ts';

/** A responder's part in a trial. */
export interface Responding {
  /** Whether it is at work already. */
  readonly begun: boolean;
  /** Lets alerts through, those of before first. */
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

/** Sets a desk up for a trial's responder just before the fault, and lets one that is on call begin. */
export async function beginResponding(watched: Watched, responder: Responder): Promise<Responding> {
  const { cluster, journal, clock, spec, signal } = watched;
  const limitMs = spec.scenario.horizonMs[spec.profile.name];
  const commands = new CommandNotes(watched);
  commands.faultBegins();
  const desk = await openDesk({ cluster, limitMs, commands });
  const following = new AbortController();
  let telling = false;
  const tell = (): void => {
    if (!telling)
      void tellAlerts(
        watched,
        (alert) => {
          desk.feed.push(alert);
        },
        following.signal,
      ).catch(() => undefined);
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
