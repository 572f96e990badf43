import type { EventOf } from '../model/events.ts';
import { seeded } from '../model/random.ts';
import { CommandNotes, tellAlerts } from './at-desk.ts';
import type { Leaving, OnCall } from './on-call.ts';
import { isRecovered } from './waits.ts';
import { TrialStopped, type Watched } from './watched.ts';

/** A person's shift while it lasts, as the trial sees it. */
export class RunningShift {
  readonly #watched: Watched;
  readonly #onCall: OnCall;
  readonly #commands: CommandNotes;
  readonly #over = new AbortController();
  #tell: Parameters<typeof tellAlerts>[1] = () => undefined;
  #leaving: Leaving | undefined;
  #leftMs = 0;

  constructor(watched: Watched, onCall: OnCall) {
    this.#watched = watched;
    this.#onCall = onCall;
    this.#commands = new CommandNotes(watched);
  }

  async begin(): Promise<void> {
    const { journal, clock, cluster, signal } = this.#watched;
    await this.#onCall.begin(
      {
        cluster,
        clock,
        events: journal.events,
        commands: this.#commands,
        alerts: (tell) => {
          this.#tell = tell;
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

  /** From now on what is typed answers the outage. */
  faultBegins(): void {
    this.#commands.faultBegins();
  }

  /** Lets alerts through, those of before first. */
  tell(): void {
    void tellAlerts(this.#watched, this.#tell, this.#over.signal).catch(() => undefined);
  }

  /** Whatever was opened for the shift closes; may be called again. */
  async close(): Promise<void> {
    this.#over.abort(new Error('the shift is over'));
    await this.#onCall.end();
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
      await this.close();
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
