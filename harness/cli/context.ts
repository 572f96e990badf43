import type { Output } from './output.ts';

/** What every command is handed. */
export interface CommandContext {
  readonly output: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Steps aside when a command gives the terminal to another program. */
  readonly ignoreSignals: () => void;
}
