import { onPanic } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { connectToHost } from './support/host-000.ts';

/**
 * Tell the kernel to halt after a panic: the loop ends with the next one, and so does everything on the machine until somebody starts it.
 * Source: postmortem 000, fix 1 (`kernel.panic = 0`, "this gives me time to actually investigate").
 * @param options.on the host
 */
export function panicHalt(options: { readonly on: NodeSelector }): Runbook {
  const { on } = options;
  return {
    id: 'panic-halt',
    title: 'Halt after a panic',
    source: 'postmortem 000, fix 1',
    why: 'A machine that restarts itself leaves three minutes to look at it.',
    steps: [connectToHost(on), onPanic('halt after a panic', on, 'halt')],
  };
}
