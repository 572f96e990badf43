import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { agentDesk } from '../../desk/mcp.ts';
import { seeded } from '../../model/random.ts';
import type { CommandContext } from '../context.ts';
import { standsFor } from '../responders.ts';
import { run, thoseOn, type RunFlags } from './run.ts';

/**
 * `mcp [scenario]`: one trial with an agent at the desk, which speaks the Model Context Protocol over standard input and output. Drawn by the seed
 * where none is named. What people are to read goes to stderr. Exit codes as of `run`.
 */
export async function mcp(
  context: CommandContext,
  asked: string | undefined,
  flags: RunFlags & { seed: number },
): Promise<number> {
  const { output } = context;
  const desk = await agentDesk(new StdioServerTransport());
  // The transport does not tell when its input ends.
  process.stdin.once('end', desk.hangUp);
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
  const aside = {
    ...output,
    result: (text: string) => {
      output.tell(text.trimEnd());
    },
  };
  try {
    return await run({ ...context, output: aside, signal: AbortSignal.any([context.signal, begun.signal]) }, [id], {
      ...flags,
      called: [
        { id: 'agent', claimed: standsFor('agent', 'mcp', 'An agent over the Model Context Protocol'), responder },
      ],
    });
  } finally {
    await desk.close();
  }
}
