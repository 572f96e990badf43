import { styleText } from 'node:util';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import * as f from './format.ts';

export interface TerminalOptions {
  /** False with NO_COLOR or when stdout is no terminal. */
  readonly colour: boolean;
  /** Columns; lines are wrapped and the table loses its least columns to fit. */
  readonly width: number;
}

/** A column of a table in the terminal. */
export interface Column {
  readonly head: string;
  readonly cells: readonly string[];
  /** The greater, the sooner it is left out on a narrow terminal; 0 never is. */
  readonly dropOrder: number;
  readonly right?: boolean;
}

/** A table in lines; on a narrow terminal it loses its least columns. */
export function table(
  columns: readonly Column[],
  rows: number,
  width: number,
  paint: Paint,
  marked: (row: number) => boolean = () => false,
): readonly string[] {
  const wide = (c: Column): number =>
    Math.max(...[c.head, ...c.cells.map((cell) => f.plain(cell))].map((text) => stringWidth(text)));
  const total = (list: readonly Column[]): number => 2 + list.reduce((sum, c) => sum + wide(c) + 2, -2);
  let shown = [...columns];
  while (total(shown) > width) {
    const least = Math.max(...shown.map((c) => c.dropOrder));
    if (least === 0) break;
    shown = shown.filter((c) => c.dropOrder !== least);
  }
  const line = (cells: readonly string[], mark: string): string => `${mark} ${cells.join('  ')}`.trimEnd();
  const pad = (text: string, c: Column): string => {
    const room = ' '.repeat(wide(c) - stringWidth(text));
    return c.right === true ? room + text : text + room;
  };
  const out = [
    paint.dim(
      line(
        shown.map((c) => pad(c.head, c)),
        ' ',
      ),
    ),
  ];
  for (let row = 0; row < rows; row++) {
    const text = line(
      shown.map((c) => pad(f.plain(c.cells[row] ?? ''), c)),
      marked(row) ? '>' : ' ',
    );
    out.push(marked(row) ? paint.bold(text) : text);
  }
  return out;
}

export type Paint = ReturnType<typeof painter>;

/** Colours, or none. */
export function painter(colour: boolean) {
  const style = (name: 'bold' | 'dim' | 'cyan' | 'yellow') => (text: string) =>
    colour ? styleText(name, text, { validateStream: false }) : text;
  return { bold: style('bold'), dim: style('dim'), good: style('cyan'), warn: style('yellow') };
}

/** Breaks a line at spaces; further lines begin with `indent`. */
export function wrap(text: string, width: number, indent = ''): readonly string[] {
  const clean = f.plain(text);
  const [first = '', ...others] = wrapAnsi(clean, width).split('\n');
  if (others.length === 0) return [first];
  const rest = wrapAnsi(clean.slice(first.length).trimStart(), width - indent.length);
  return [first, ...rest.split('\n').map((line) => indent + line)];
}
