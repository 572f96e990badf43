import { exitCodes, oneLine } from '../../model/errors.ts';
import { gibibytes } from '../../model/units.ts';
import { expectedMs, needOf } from '../../engine/estimate.ts';
import type { CommandContext } from '../context.ts';
import { distributions } from '../../distributions/all.ts';
import { distributionNames, type DistributionName } from '../../model/distribution.ts';
import { scenarioDir } from '../load-code.ts';
import { loadExistence, scenarioIds } from '../load.ts';

/** What there is of a scenario on another distribution, in one clause. */
async function elsewhere(id: string, name: DistributionName): Promise<string> {
  const there = await loadExistence(id, scenarioDir(), distributions[name]);
  if ('why' in there) return `not on ${name}: ${there.why}`;
  return [
    `also on ${name}`,
    ...(there.without.size === 0 ? [] : [`without ${[...there.without.keys()].join(', ')}`]),
  ].join(', ');
}

/**
 * `list [--distribution <name>] [--provider <name>] [--json]`: what can be rehearsed there, and what cannot and why. A scenario that cannot be loaded is said so and makes the
 * exit code 2.
 */
export async function list(
  context: CommandContext,
  options: { readonly json?: boolean; readonly distribution?: DistributionName },
): Promise<number> {
  const { distribution = 'kubeadm' } = options;
  const others = distributionNames.filter((name) => name !== distribution);
  const rows = [];
  const absent: { readonly id: string; readonly why: string }[] = [];
  let broken = 0;
  for (const id of scenarioIds()) {
    try {
      const there = await loadExistence(id, scenarioDir(), distributions[distribution]);
      if ('why' in there) {
        absent.push({ id, why: there.why });
        continue;
      }
      const { scenario, without } = there;
      rows.push({
        id,
        distribution,
        without: Object.fromEntries(without),
        elsewhere: await Promise.all(others.map((name) => elsewhere(id, name))),
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
    context.output.result(JSON.stringify([...rows, ...absent.map((one) => ({ ...one, distribution }))], null, 2));
  } else {
    const width = Math.max(8, ...rows.map((row) => row.id.length));
    context.output.result(
      [
        ...rows.flatMap((row) => [
          `${row.id.padEnd(width)}  ${row.title} (${row.source})`,
          `${' '.repeat(width)}  runbooks: ${row.runbooks.join(', ')}`,
          `${' '.repeat(width)}  ${row.nodes} nodes, ${gibibytes(row.memoryBytes)} of memory; each runbook once: about ${Math.ceil(row.blockMs / 60_000)} min`,
          ...row.elsewhere.map((where) => `${' '.repeat(width)}  ${where}`),
        ]),
        ...absent.map(({ id, why }) => `${id.padEnd(width)}  not on ${distribution}: ${why}`),
        '',
        'Details: npm run firedrill -- describe <scenario>    Rehearse it: npm run scenario <scenario>, or all',
      ].join('\n'),
    );
  }
  return broken === 0 ? exitCodes.done : exitCodes.usage;
}
