import { exitCodes, oneLine } from '../../model/errors.ts';
import { gibibytes } from '../../model/units.ts';
import { expectedMs, needOf } from '../../engine/estimate.ts';
import type { CommandContext } from '../context.ts';
import { loadScenario, scenarioIds } from '../load.ts';

/** `list [--json]`: what can be rehearsed. A scenario that cannot be loaded is said so and makes the exit code 2. */
export async function list(context: CommandContext, options: { readonly json?: boolean }): Promise<number> {
  const rows = [];
  let broken = 0;
  for (const id of scenarioIds()) {
    try {
      const scenario = await loadScenario(id);
      rows.push({
        id,
        title: scenario.outage.title,
        source: scenario.outage.source,
        fidelity: scenario.fidelity,
        fault: scenario.fault.id,
        breaks: scenario.breaks,
        detectors: scenario.detectors.map((detector) => detector.id),
        runbooks: scenario.runbooks.map((claimed) => claimed.runbook.id),
        nodes: scenario.cluster.workers + 1,
        memoryBytes: (await needOf(id, scenario)).memoryBytes,
        blockMs: expectedMs(
          scenario,
          'fast',
          scenario.runbooks.map(({ runbook }) => ({ runbook: runbook.id })),
        ),
      });
    } catch (error) {
      broken++;
      context.output.tell(`firedrill: ${oneLine(error)}`);
    }
  }
  if (options.json === true) {
    context.output.result(JSON.stringify(rows, null, 2));
  } else {
    const width = Math.max(8, ...rows.map((row) => row.id.length));
    context.output.result(
      [
        ...rows.flatMap((row) => [
          `${row.id.padEnd(width)}  ${row.title} (${row.source})`,
          `${' '.repeat(width)}  runbooks: ${row.runbooks.join(', ')}`,
          `${' '.repeat(width)}  ${row.nodes} nodes, ${gibibytes(row.memoryBytes)} of memory; each runbook once: about ${Math.ceil(row.blockMs / 60_000)} min`,
        ]),
        '',
        'Details: npm run firedrill -- describe <scenario>    Rehearse it: npm run scenario <scenario>, or all',
      ].join('\n'),
    );
  }
  return broken === 0 ? exitCodes.done : exitCodes.usage;
}
