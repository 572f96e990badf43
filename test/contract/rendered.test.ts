import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAnywhere, scenarioIds } from '../../harness/cli/load.ts';
import { kubeadm } from '../../harness/distributions/kubeadm.ts';
import { addressesLeaked } from '../../harness/faults/addresses-leaked.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import type { Step } from '../../harness/model/step.ts';
import { askedBy, ownCommands } from './commands.ts';

/**
 * Every command that is typed on a cluster (of kubeadm, where the outage exists there), as it was when `rendered/` was written: a change there is meant, or it is none. Written anew by
 * `npx vitest run --project unit test/contract/rendered.test.ts -u`.
 */

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'scenarios');

const place = (on: unknown): string => (typeof on === 'string' ? on : JSON.stringify(on));

/** Every value of a scenario that is typed or looked at, with where it stands in it; steps without a command by what they do. */
function* typed(at: string, value: unknown): Generator<readonly [at: string, text: string]> {
  if (typeof value !== 'object' || value === null) return;
  if ('command' in value && 'on' in value) {
    const { on, command, name, expect: wanted } = value as Step & { command: string; expect?: string };
    yield [`${at} on ${place(on)}: ${name}`, wanted === undefined ? command : `${command}\n=> ${wanted}`];
  } else if ('kind' in value && 'on' in value) {
    const step = value as Step;
    yield [`${at} on ${place(step.on)}: ${step.name}`, `(${step.kind}${'then' in step ? ` ${step.then}` : ''})`];
  } else for (const [key, child] of Object.entries(value)) yield* typed(`${at}.${key}`, child);
}

/** Each command once in a file: what others have, too, is named by where it stood first. */
function rendered(entries: Iterable<readonly [at: string, text: string]>): string {
  const first = new Map<string, string>();
  let text = '';
  for (const [at, command] of entries) {
    const before = first.get(command);
    text += before === undefined ? `## ${at}\n${command}\n\n` : `## ${at}\n(as ${before})\n\n`;
    if (before === undefined) first.set(command, at);
  }
  return text;
}

async function entriesOf(scenario: Scenario): Promise<readonly (readonly [at: string, text: string])[]> {
  const entries = [
    ...typed('setup', scenario.setup),
    ...typed('build', scenario.build),
    ...typed('fault', scenario.fault),
    ...scenario.runbooks.flatMap(({ runbook }) => [...typed(`runbook ${runbook.id}`, runbook)]),
  ];
  // One after another: the time in their commands is the test's.
  for (const detector of scenario.detectors) {
    const asked = await askedBy(detector);
    entries.push(...asked.map((command, i) => [`detector ${detector.id}.${i}`, command] as const));
  }
  return entries;
}

describe('the rendered commands', () => {
  it.each(scenarioIds(folder))('of %s are what they were', async (id) => {
    const entries = await entriesOf((await loadAnywhere(id, folder)).scenario);
    expect(entries.length).toBeGreaterThan(5);
    await expect(rendered(entries)).toMatchFileSnapshot(join('rendered', `${id}.txt`));
  });

  it('of a fault that no scenario has yet are what they were', async () => {
    const entries = [...typed('fault', addressesLeaked(kubeadm, { nodes: 'workers' }))];
    await expect(rendered(entries)).toMatchFileSnapshot(join('rendered', 'of-addresses-leaked.txt'));
  });

  it('of the cluster itself are what they were', async () => {
    const entries = (await ownCommands()).map((command, i) => [`cluster.${i}`, command] as const);
    await expect(rendered(entries)).toMatchFileSnapshot(join('rendered', 'of-the-cluster.txt'));
  });
});
