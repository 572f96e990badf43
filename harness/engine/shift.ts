import type { Cluster } from '../model/cluster.ts';
import type { EventOf, TrialEvent } from '../model/events.ts';
import { seeded } from '../model/random.ts';
import type { Clock } from './clock.ts';
import { redact } from './steps.ts';
import { isRecovered } from './waits.ts';
import { TrialStopped, type Watched } from './watched.ts';

/** How a person's shift ends before its time. */
export type Leaving = Extract<EventOf<'on-call'>['state'], 'gave-up' | 'left'>;

/** A command of a person on call; `index` counts from 0, `on` is `workstation` or a node. */
export interface NotedCommand {
  readonly index: number;
  readonly on: string;
  readonly command: string;
  readonly changes: boolean;
}

/** What somebody on call is handed: a healthy cluster, and the means to say what is done with it. */
export interface Shift {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** All events of the trial so far. */
  readonly events: readonly TrialEvent[];
  /** Events as they happen from now on. */
  live(this: void, signal: AbortSignal): AsyncIterable<TrialEvent>;
  /** Notes a command. Those given before the fault are no part of the answer to it, and are notes. */
  readonly commands: {
    started(command: NotedCommand): void;
    ended(command: NotedCommand, end: { readonly exitCode: number; readonly output: string }): void;
  };
  hint(hint: Omit<EventOf<'hint'>, 'type'>): void;
  /** The person gives up, or has left. */
  leave(how: Leaving): void;
}

/** A person on call in place of a runbook: sits down at a healthy cluster, and is told when the shift is over. */
export interface OnCall {
  /** Between these, in ms after the shift began, the fault comes; drawn from the trial's seed. */
  readonly quietMs: { readonly least: number; readonly most: number };
  /** Sits down; resolves when it can begin. */
  begin(shift: Shift, signal: AbortSignal): Promise<void>;
  /** The shift is over: whatever was opened for it closes. Called also when the trial was stopped; then there may have been no `begin`. */
  end(): Promise<void>;
}

/** A shift while it lasts, as the trial sees it. */
export class RunningShift {
  readonly #watched: Watched;
  readonly #onCall: OnCall;
  #leaving: Leaving | undefined;
  #leftMs = 0;
  #typed = 0;
  /** Commands before this one were given before the fault. */
  #firstIndex = Infinity;

  constructor(watched: Watched, onCall: OnCall) {
    this.#watched = watched;
    this.#onCall = onCall;
  }

  async begin(): Promise<void> {
    const { journal, clock, cluster, signal } = this.#watched;
    const step = ({ index, ...command }: NotedCommand) =>
      ({
        type: 'step',
        part: 'runbook',
        index: index - this.#firstIndex,
        name: command.command.slice(0, 80),
        ...command,
        command: redact(command.command),
      }) as const;
    await this.#onCall.begin(
      {
        cluster,
        clock,
        events: journal.events,
        live: (own) => journal.live.subscribe(own),
        commands: {
          started: (command) => {
            this.#typed = command.index + 1;
            if (command.index >= this.#firstIndex) journal.write({ ...step(command), state: 'started' });
            else
              journal.write({ type: 'note', text: `before the fault, on ${command.on}: ${redact(command.command)}` });
          },
          ended: (command, { exitCode, output }) => {
            if (command.index < this.#firstIndex) return;
            const state = exitCode === 0 ? 'done' : 'failed';
            journal.write({ ...step(command), state, exitCode, output: redact(output) });
          },
        },
        hint: (hint) => {
          journal.write({ type: 'hint', ...hint });
        },
        leave: (how) => {
          this.#leaving ??= how;
          this.#leftMs = clock.now();
        },
      },
      signal,
    );
    journal.write({ type: 'on-call', state: 'began' });
  }

  /** Lets it be quiet for a while that nobody knows. @throws TrialStopped `interrupted` when the person leaves before anything broke */
  async quiet(seed: number): Promise<void> {
    const { clock, signal } = this.#watched;
    const { least, most } = this.#onCall.quietMs;
    const endMs = clock.now() + least + seeded(seed)() * (most - least);
    while (clock.now() < endMs) {
      this.#stopWhereLeft();
      await clock.sleep(Math.min(250, Math.max(1, endMs - clock.now())), signal);
    }
    this.#stopWhereLeft();
  }

  #stopWhereLeft(): void {
    if (this.#leaving !== undefined) throw new TrialStopped('interrupted', 'left before anything broke');
  }

  /** From now on what is typed answers the outage. */
  faultBegins(): void {
    this.#firstIndex = this.#typed;
  }

  /**
   * Watches until service has held for the stability window, the horizon, or the person has given up. One that only left the shell may have repaired it
   * before: that gets its stability window.
   * @returns whether it recovered
   */
  async watch(horizonEndMs: number): Promise<boolean> {
    const { spec, clock, tracker, journal, signal } = this.#watched;
    const graceMs = spec.profile.holdMs + 2000;
    const over = async (state: EventOf<'on-call'>['state']): Promise<void> => {
      journal.write({ type: 'on-call', state });
      await this.#onCall.end();
    };
    for (;;) {
      if (isRecovered(this.#watched)) {
        await over('restored');
        return true;
      }
      const now = clock.now();
      const good = tracker.bad().length === 0;
      const leftEndMs = this.#leaving === 'gave-up' || !good ? this.#leftMs : this.#leftMs + graceMs;
      if (this.#leaving !== undefined && now >= leftEndMs) {
        await over(this.#leaving);
        return false;
      }
      if (now >= horizonEndMs + (good ? graceMs : 0)) {
        await over('limit');
        return false;
      }
      await clock.sleep(1000, signal);
    }
  }
}
