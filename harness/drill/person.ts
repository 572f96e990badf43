import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shellWord } from '../desk/command-log.ts';
import { openDesk, type Desk } from '../desk/desk.ts';
import type { OnCall, Shift } from '../engine/on-call.ts';
import type { TrialEvent } from '../model/events.ts';
import type { Scenario } from '../model/scenario.ts';
import { seconds } from '../model/units.ts';
import { hintsOf } from './hints.ts';
import { serveDrill, type DrillServer } from './server.ts';
import { openShell, type Shell } from './shell.ts';
import { drillState } from './state.ts';

/** A person's place in a drill: page, desk, shell. */
export interface Person extends OnCall {
  /** The drill's events, as far as there are any. */
  readonly events: () => readonly TrialEvent[];
  /** Shows the debrief on the pages that are open. */
  show(page: string): void;
  /** Closes the pages; those that are open may still fetch the debrief. */
  close(): Promise<void>;
}

export interface PersonOptions {
  readonly scenario: Scenario;
  readonly limitMs: number;
  /** Whether a shell is opened in this terminal. */
  readonly shell: boolean;
  /** Tells where the pages and the desk are, before the shell has the terminal. */
  readonly onReady: (place: { readonly url: string; readonly observerUrl: string; readonly desk: Desk }) => void;
  /** The shell has ended, or there was none and the shift has: the terminal is ours again. */
  readonly onBack: () => void;
}

/** How often a page asks. */
const askedMs = 1000;
/** How long a page that is open has to fetch the debrief. */
const graceMs = seconds(5);
/** The fault comes so long after the shift began: early enough to wait for, late enough to doubt it. */
const quietMs = { least: seconds(15), most: seconds(75) };

/** Sits a person down: the pages on loopback at once, desk and shell when the cluster is healthy. */
export async function personOnCall(options: PersonOptions): Promise<Person> {
  const { scenario, limitMs, onReady, onBack } = options;
  const hints = hintsOf(scenario);
  let shift: Shift | undefined;
  let debrief: string | undefined;
  let desk: Desk | undefined;
  let shell: Shell | undefined;
  let ending: Promise<void> | undefined;
  /** Reads every event of the drill: pages that ask at the same time are told the same. */
  const seen = shared(askedMs / 2, () => drillState(shift?.events ?? [], hints, shift?.clock.now() ?? 0));
  const pages: DrillServer = await serveDrill({
    state: () => seen(),
    debrief: () => debrief,
    takeHint: () => {
      const index = shift?.events.filter(({ type }) => type === 'hint').length ?? 0;
      const hint = hints[index];
      if (hint !== undefined && isOnCall(shift)) shift?.hint({ index, ...hint });
    },
    giveUp: () => {
      if (isOnCall(shift)) shift?.leave('gave-up');
    },
  });
  return {
    quietMs,
    events: () => shift?.events ?? [],
    show: (page) => {
      debrief = page;
    },
    close: () => pages.close(debrief === undefined ? 0 : graceMs),
    begin: async (begun) => {
      desk = await openDesk({ cluster: begun.cluster, limitMs, commands: begun.commands });
      const { feed } = desk;
      begun.alerts((alert) => {
        feed.push(alert);
      });
      shift = begun;
      if (!options.shell) await writeFile(join(desk.dir, 'env'), envFile(desk.env));
      onReady({ url: pages.url, observerUrl: pages.observerUrl, desk });
      if (!options.shell) return;
      shell = openShell(desk.env, desk.dir);
      void shell.ended.then(() => {
        begun.leave('left');
      });
    },
    end: () =>
      (ending ??= (async () => {
        await shell?.end();
        if (shift !== undefined) onBack();
        await desk?.close();
      })()),
  };
}

const isOnCall = (shift: Shift | undefined): boolean => {
  const told = shift?.events.filter(({ type }) => type === 'on-call') ?? [];
  return told.length === 1;
};

/** What is asked for again within so many ms is not made again. */
function shared<T>(ms: number, make: () => T): () => T {
  let last: { readonly atMs: number; readonly made: T } | undefined;
  return () => {
    if (last === undefined || performance.now() - last.atMs > ms) last = { atMs: performance.now(), made: make() };
    return last.made;
  };
}

/** The environment of a desk for another terminal's shell, to be read with `.`. */
const envFile = (env: Readonly<Record<string, string>>): string =>
  Object.entries(env)
    .map(([name, value]) => `export ${name}=${shellWord(value)}\n`)
    .join('');
