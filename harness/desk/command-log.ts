import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { kubectlOnlyLooks, shellOnlyLooks } from './looks.ts';

/** A command that somebody gave at a desk, as it passed through. */
export interface DeskCommand {
  /** From 0, in the order in which they began. */
  readonly index: number;
  /** `workstation`, or a node's name. */
  readonly on: string;
  /** What would be typed there: `kubectl get pods`, or what ssh was asked to run. */
  readonly command: string;
  readonly changes: boolean;
}

/** How it ended. */
export interface CommandEnd {
  /** 137 where it was killed before it said anything. */
  readonly exitCode: number;
  /** The last of what it printed. */
  readonly output: string;
}

/** Hears of commands as they begin and end. */
export interface CommandListener {
  started(command: DeskCommand): void;
  ended(command: DeskCommand, end: CommandEnd): void;
}

/** How much of one command is noted, and of how many: whoever types more is only counted. */
const limits = { command: 8000, output: 2000, commands: 5000, line: 512 * 1024, open: 64 } as const;

const message = z.union([
  z.object({
    tool: z.enum(['kubectl', 'ssh']),
    argv: z.array(z.string()),
    node: z.string().optional(),
    command: z.string().optional(),
    interactive: z.boolean().optional(),
    input: z.string().optional(),
    whole: z.boolean().optional(),
  }),
  z.object({ pid: z.number().int().positive() }),
  z.object({ typed: z.string(), exitCode: z.number().int() }),
  z.object({ end: z.number().int(), tail: z.string() }),
]);
type Said = z.infer<typeof message>;

/** A word as a shell reads it back. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** A command with what it was given on standard input, as a shell reads it. */
export function withInput(command: string, input: string | undefined): string {
  if (input === undefined || input === '') return command;
  // An archive, say: nobody could type it again.
  if (/[\0\uFFFD]/.test(input)) return `${command} # with input that is no text`;
  const end =
    ['EOF', 'END', 'INPUT', 'THE_END_OF_THE_INPUT'].find((word) => !input.split('\n').includes(word)) ?? 'EOF';
  return `${command} <<'${end}'\n${input.replace(/\n$/, '')}\n${end}`;
}

/** The commands of a desk: numbers them, judges whether they change anything, and tells a listener. */
export class CommandLog {
  readonly #listener: CommandListener;
  #count = 0;

  constructor(listener: CommandListener) {
    this.#listener = listener;
  }

  /** How many there have been, also beyond what is noted. */
  get count(): number {
    return this.#count;
  }

  kubectl(argv: readonly string[], input?: string): (end: CommandEnd) => void {
    const command = withInput(['kubectl', ...argv.map(shellWord)].join(' '), input);
    return this.#begin('workstation', command, !kubectlOnlyLooks(argv));
  }

  onNode(node: string, command: string, input?: string): (end: CommandEnd) => void {
    // What a shell is given on its standard input is what is typed into it.
    const shell = /^\s*(ba)?sh(\s+-s?e?s?)?\s*$/.test(command) || command.trim() === '';
    const typed = shell && input !== undefined ? input.replace(/\n$/, '') : withInput(command, input);
    return this.#begin(node, typed.trim() === '' ? 'sh' : typed, !shellOnlyLooks(typed));
  }

  #begin(on: string, command: string, changes: boolean): (end: CommandEnd) => void {
    const noted: DeskCommand = { index: this.#count++, on, command: command.slice(0, limits.command), changes };
    if (noted.index >= limits.commands) return () => undefined;
    this.#listener.started(noted);
    let over = false;
    return (end) => {
      if (over) return;
      over = true;
      this.#listener.ended(noted, { exitCode: end.exitCode, output: end.output.slice(-limits.output) });
    };
  }
}

/** Listens to the tools on a desk's PATH. */
export interface ToolServer {
  /** Ends every tool that still runs: they go when their desk does. Returns what they had begun on nodes: node, and process group there. */
  close(): Promise<readonly { readonly node: string; readonly pid: number }[]>;
}

/** @param left told of a tool that went without having said how its command ended: the command may live on, on its node */
export async function listenToTools(
  socket: string,
  log: CommandLog,
  left: (node: string, pid: number) => void,
): Promise<ToolServer> {
  const open = new Map<Socket, { readonly node: string; readonly pid: number } | undefined>();
  const server = createServer((client) => {
    if (open.size >= limits.open) {
      client.destroy();
      return;
    }
    open.set(client, undefined);
    let end: ((how: CommandEnd) => void) | undefined;
    let node: string | undefined;
    const hear = (said: Said): void => {
      if ('tool' in said) {
        node = said.node;
        const input = said.whole === false ? `${said.input ?? ''}\n# (and more)` : said.input;
        // Of a shell with a terminal, what is typed into it is what counts.
        if (said.interactive === true && said.tool === 'ssh') return;
        end ??=
          said.node === undefined ? log.kubectl(said.argv, input) : log.onNode(said.node, said.command ?? '', input);
      } else if ('pid' in said) open.set(client, node === undefined ? undefined : { node, pid: said.pid });
      else if ('typed' in said) {
        if (node !== undefined) log.onNode(node, said.typed)({ exitCode: said.exitCode, output: '' });
      } else {
        const begun = open.get(client);
        open.set(client, undefined);
        // ssh was killed, what it had begun was not.
        if (said.end > 128 && begun !== undefined) left(begun.node, begun.pid);
        end?.({ exitCode: said.end, output: said.tail });
      }
    };
    let length = 0;
    client.on('data', (chunk) => {
      length += chunk.length;
      // The tools say little; whoever talks to the socket himself is not heard out.
      if (length > limits.line) client.destroy();
    });
    createInterface({ input: client }).on('line', (line) => {
      try {
        hear(message.parse(JSON.parse(line)));
      } catch {
        client.destroy();
      }
    });
    client.on('error', () => undefined);
    client.on('close', () => {
      const begun = open.get(client);
      open.delete(client);
      end?.({ exitCode: 137, output: 'it was killed' });
      if (begun !== undefined) left(begun.node, begun.pid);
    });
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(socket, resolve);
  });
  return {
    close: async () => {
      const begun = [...open.values()].filter((one) => one !== undefined);
      for (const client of open.keys()) client.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      return begun;
    },
  };
}
