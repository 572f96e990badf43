import { spawn } from 'node:child_process';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { agentDesk } from '../../desk/mcp.ts';
import { exitCodes } from '../../model/errors.ts';
import { seeded } from '../../model/random.ts';
import type { CommandContext } from '../context.ts';
import type { Output } from '../output.ts';
import { standsFor } from '../responders.ts';
import { run, thoseOn, type RunFlags } from './run.ts';

/** Tells a server that it is the one that was started to outlive its client. */
const mark = 'FIREDRILL_MCP_SERVER';

/**
 * `mcp [scenario]`: one trial with an agent at the desk, which speaks the Model Context Protocol over standard input and output. Drawn by the seed
 * where none is named. What people are to read goes to stderr. Exit codes as of `run`.
 */
export async function mcp(
  context: CommandContext,
  asked: string | undefined,
  flags: RunFlags & { readonly seed: number },
): Promise<number> {
  return context.env[mark] === undefined ? await outlive(context) : await serve(context, asked, flags);
}

/**
 * Starts the same command once more, in a session of its own. Clients kill their server as soon as they are done with it, and a trial goes on after that:
 * what the agent did is watched, the fault undone, the cluster taken down.
 */
async function outlive(context: CommandContext): Promise<number> {
  context.ignoreSignals();
  const server = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: 'inherit',
    env: { ...process.env, [mark]: '1' },
  });
  // A person's Ctrl-C is meant for the trial, a client's SIGTERM for whoever talks to it.
  process.on('SIGINT', () => server.kill('SIGINT'));
  process.on('SIGTERM', () => process.exit(exitCodes.done));
  return await new Promise<number>((done, reject) => {
    server.once('error', reject);
    server.once('close', (code) => {
      done(code ?? exitCodes.internal);
    });
  });
}

/** What people read, on stderr, for as long as the client is there: nobody can be told anything afterwards. */
function aside(output: Output, gone: AbortSignal): Output {
  const tell = (line: string): void => {
    if (!gone.aborted) output.tell(line);
  };
  return {
    ...output,
    tell,
    result: (text) => {
      tell(text.trimEnd());
    },
    stderr: {
      ...output.stderr,
      write: (text) => {
        if (!gone.aborted) output.stderr.write(text);
      },
    },
  };
}

async function serve(
  context: CommandContext,
  asked: string | undefined,
  flags: RunFlags & { readonly seed: number },
): Promise<number> {
  const desk = await agentDesk(new StdioServerTransport());
  // The transport does not tell when its input ends.
  process.stdin.once('end', () => {
    desk.hangUp();
  });
  const known = asked === undefined ? await thoseOn(flags.distribution) : [];
  const id = asked ?? known[Math.floor(seeded(flags.seed)() * known.length)] ?? '';
  // Whoever goes away before there is anything to do needs no cluster.
  const begun = new AbortController();
  desk.gone.addEventListener('abort', () => {
    if (!seated) begun.abort(desk.gone.reason);
  });
  let seated = false;
  const responder = {
    comes: 'on-call',
    work: (...[at, given]: Parameters<typeof desk.work>) => {
      seated = true;
      return desk.work(at, given);
    },
  } as const;
  try {
    const output = aside(context.output, desk.gone);
    return await run({ ...context, output, signal: AbortSignal.any([context.signal, begun.signal]) }, [id], {
      ...flags,
      called: [
        { id: 'agent', claimed: standsFor('agent', 'mcp', 'An agent over the Model Context Protocol'), responder },
      ],
    });
  } finally {
    await desk.close();
  }
}
