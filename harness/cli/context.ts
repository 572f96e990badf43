import type { Output } from './output.ts';

/** What every command is handed. */
export interface CommandContext {
  readonly output: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Leaves Ctrl-C to a program that has the terminal for a while, until the returned function is called. */
  readonly lendInterrupts: () => () => void;
  /** Steps aside when a command gives the terminal to another program. */
  readonly ignoreSignals: () => void;
}
