import type { ProgressEvent } from '../../model/progress.ts';
import type { ReporterName } from '../options.ts';
import { painter, type Output, type Paint } from '../output.ts';
import { advance, emptyView, footer, humanClock, type Line } from './view.ts';

/** Shows progress somewhere. `stop` leaves the terminal tidy and may be called twice. */
export interface Reporter {
  onProgress(this: void, event: ProgressEvent): void;
  stop(this: void): void;
}

/** What a reporter needs of the world; a test hands in its own. */
export interface ReporterWorld {
  readonly output: Output;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Calls back about every `ms` until the returned function is called. */
  readonly every: (ms: number, run: () => void) => () => void;
}

/** The world of this process. */
export function realWorld(output: Output): ReporterWorld {
  return {
    output,
    now: () => performance.now(),
    every: (ms, run) => {
      const timer = setInterval(run, ms);
      // The display must not keep a finished process alive.
      timer.unref();
      return () => {
        clearInterval(timer);
      };
    },
  };
}

/** The reporter that was asked for; else a live one on a terminal outside CI, and plain lines elsewhere. */
export function chooseReporter(
  asked: ReporterName | undefined,
  output: Output,
  env: Readonly<Record<string, string | undefined>>,
): ReporterName {
  if (asked !== undefined) return asked;
  return output.stderr.isTty && (env['CI'] ?? '') === '' && env['TERM'] !== 'dumb' ? 'live' : 'plain';
}

export function makeReporter(name: ReporterName, world: ReporterWorld): Reporter {
  switch (name) {
    case 'silent':
      return { onProgress: () => undefined, stop: () => undefined };
    case 'jsonl':
      return jsonlReporter(world);
    case 'plain':
      return plainReporter(world);
    case 'live':
      return liveReporter(world);
  }
}

/** Events as they are, one JSON object a line, with the milliseconds since the start. */
function jsonlReporter({ output, now }: ReporterWorld): Reporter {
  const started = now();
  return {
    onProgress: (event) => {
      output.tell(JSON.stringify({ atMs: Math.round(now() - started), ...event }));
    },
    stop: () => undefined,
  };
}

const mark: Readonly<Record<Line['level'], string>> = { info: ' ', good: '+', bad: 'x', warning: '!', head: '=' };

function lineText(line: Line, paint: Paint): string {
  const text = `${'  '.repeat(line.indent)}${line.level === 'head' ? '' : `${mark[line.level]} `}${line.text}`;
  switch (line.level) {
    case 'good':
      return paint('green', text);
    case 'bad':
      return paint('red', text);
    case 'warning':
      return paint('yellow', text);
    case 'head':
      return paint('bold', text);
    case 'info':
      return text;
  }
}

function plainReporter({ output, now }: ReporterWorld): Reporter {
  const paint = painter(output.stderr.colour);
  let view = emptyView(now());
  return {
    onProgress: (event) => {
      const at = now();
      const next = advance(view, event, at);
      view = next.view;
      for (const line of next.lines)
        output.tell(`${humanClock(at - view.startedMs).padStart(7)} ${lineText(line, paint)}`);
    },
    stop: () => undefined,
  };
}

/** Finished things scroll up; what is going on stays at the foot and is drawn again five times a second. */
function liveReporter({ output, now, every }: ReporterWorld): Reporter {
  const { stderr } = output;
  const paint = painter(stderr.colour);
  let view = emptyView(now());
  let drawn = 0;
  let stopped = false;
  const erase = () => (drawn === 0 ? '' : `\u001b[${drawn}A\r\u001b[0J`);
  const draw = (log: readonly string[]) => {
    const lines = stopped ? [] : footer(view, now(), stderr.columns - 1, paint);
    const text = [...log, ...lines].map((line) => `${line}\n`).join('');
    const frame = erase() + text;
    drawn = lines.length;
    // One write a frame: two would flicker, and could be torn by somebody else's line.
    if (frame !== '') stderr.write(frame);
  };
  output.makeRoom = (write) => {
    if (drawn > 0) stderr.write(erase());
    drawn = 0;
    write();
    draw([]);
  };
  const cancel = every(200, () => {
    if (drawn > 0) draw([]);
  });
  return {
    onProgress: (event) => {
      const next = advance(view, event, now());
      view = next.view;
      draw(next.lines.filter((line) => line.kind === 'end').map((line) => lineText(line, paint)));
    },
    stop: () => {
      cancel();
      if (stopped) return;
      stopped = true;
      draw([]);
      output.makeRoom = undefined;
    },
  };
}
