import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAnywhere, scenarioIds } from '../../harness/cli/load.ts';
import { keptBy } from '../../harness/faults/support/kept-by.ts';
import type { Step } from '../../harness/model/step.ts';
import { leaksIn, telltaleWords } from '../support/telltale.ts';
import { askedBy } from './commands.ts';

const folder = join(import.meta.dirname, '..', '..', 'scenarios');
const commandsOf = (steps: readonly Step[] = []) => steps.flatMap((step) => ('command' in step ? [step.command] : []));

describe('what is typed on a cluster before somebody responds', () => {
  it.each(scenarioIds(folder))('does not tell %s', async (id) => {
    const { scenario } = await loadAnywhere(id, folder);
    const { fault, setup, build, detectors } = scenario;
    const typed = [setup, build, fault.prepare, fault.inject].flatMap(commandsOf);
    for (const detector of detectors) typed.push(...(await askedBy(detector)));
    // Comments go no further than the shell; files and objects stay.
    expect(leaksIn(typed.join('\n'), telltaleWords(id, scenario))).toEqual([]);
  });

  it('would be found', () => {
    expect(leaksIn('mkdir -p /var/lib/cni-wipe/x\nmkdir /var/lib/cni-wiped', ['cni-wipe'])).toEqual([
      'cni-wipe: mkdir -p /var/lib/cni-wipe/x',
    ]);
    expect(keptBy('cni-wipe')).not.toMatch(/cni|wipe/);
    expect(keptBy('cni-wipe')).not.toBe(keptBy('coredns-loop'));
  });
});
