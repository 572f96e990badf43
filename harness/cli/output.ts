import { styleText } from 'node:util';
import { asTyped, isCheckout } from './as-typed.ts';
import type { TerminalOptions } from '../reporters/table.ts';

/** Where the command line writes: results on stdout, everything else on stderr. Handed around so that tests can look. */
export interface Output {
  /** Text of the result, with its final newline. */
  result(text: string): void;
  /** A line for the person who waits. */
  tell(line: string): void;
  /**
   * Set while something moves at the foot of the terminal: it takes its lines away, lets `write` write, and puts them back.
   * Without it a line that is written meanwhile would be erased with the next frame.
   */
  makeRoom: ((write: () => void) => void) | undefined;
  readonly stderr: {
    readonly isTty: boolean;
    readonly columns: number;
    readonly colour: boolean;
    write(text: string): void;
  };
  readonly stdout: { readonly isTty: boolean; readonly columns: number; readonly colour: boolean };
}

/**
 * Whether to colour a stream. `NO_COLOR` (no-color.org: any non-empty value) wins, then `FORCE_COLOR`, then a terminal that
 * is not `TERM=dumb` and not a CI log.
 */
export function wantsColour(isTty: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  return isTty && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === '';
}

/** The output of this process. */
export function processOutput(env: Readonly<Record<string, string | undefined>> = process.env): Output {
  const { stdout, stderr } = process;
  const checkout = isCheckout();
  const typed = (text: string): string => asTyped(text, checkout);
  const make = (write: () => void) => {
    if (output.makeRoom === undefined) write();
    else output.makeRoom(write);
  };
  const output: Output = {
    result: (text) => {
      make(() => stdout.write(text.endsWith('\n') || text === '' ? typed(text) : `${typed(text)}\n`));
    },
    tell: (line) => {
      make(() => stderr.write(`${typed(line)}\n`));
    },
    makeRoom: undefined,
    stderr: {
      isTty: stderr.isTTY,
      colour: wantsColour(stderr.isTTY, env),
      get columns() {
        return stderr.columns || 100;
      },
      write: (text) => {
        stderr.write(text);
      },
    },
    stdout: {
      isTty: stdout.isTTY,
      colour: wantsColour(stdout.isTTY, env),
      get columns() {
        return stdout.columns || 100;
      },
    },
  };
  return output;
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Paints text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** A painter that paints only when `colour`. (Whether a stream takes colour is `wantsColour`'s to say, not that of `styleText`.) */
export function painter(colour: boolean): Paint {
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}

/** How a report is written to stdout. `width`: columns where that is no terminal. */
export const terminalOptions = ({ stdout }: Output, width = 160): TerminalOptions => ({
  colour: stdout.colour,
  width: stdout.isTty ? stdout.columns : width,
});
