import { copyFileSync, chmodSync } from 'node:fs';
import { basename, join } from 'node:path';
import { apart } from '../desk/apart.ts';
import { requireProgram, runAtDesk } from '../desk/program.ts';
import type { Responder } from '../engine/on-call.ts';
import { stateDir } from '../host/folders.ts';
import { FiredrillError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import { nameFrom } from '../own/names.ts';
import { projectRoot, scenarioDir } from './load-code.ts';
import { baselines } from './options.ts';

/** A responder as an arm of a run. */
export interface Called {
  readonly id: string;
  readonly claimed: ClaimedRunbook;
  readonly responder: Responder;
}

/** A runbook that stands for who responds, in plans and reports. */
export const standsFor = (id: string, asked: string, title: string): ClaimedRunbook => ({
  runbook: { id, title, source: asked, why: 'to see how it responds', responder: asked, steps: [] },
  claim: { says: 'nothing is claimed', expect: 'unknown' },
});

/** Folders in which outages are named: those of the project, of the reports and of the registry of runs. */
const namingFolders = (out: string): readonly string[] => [projectRoot, out, scenarioDir(), join(stateDir(), 'runs')];

/**
 * Programs, and baselines by name, as arms.
 * @param out where reports go
 * @throws FiredrillError `usage` for one that cannot be executed, and where two have one name
 */
export function callResponders(asked: readonly string[], out: string): readonly Called[] {
  const called = asked.map((one) => {
    const name = baselines.find((known) => known === one);
    const file =
      name === undefined ? requireProgram(one) : join(import.meta.dirname, '..', 'desk', 'baselines', `${name}.sh`);
    const id = name ?? (nameFrom(basename(file).replace(/\.[^.]*$/, '')) || 'responder');
    return { id, claimed: standsFor(id, one, `The responder ${one}`), responder: programAtDesk(file, out, name) };
  });
  const twice = called.find(({ id }, i) => called.findIndex((other) => other.id === id) !== i);
  if (twice !== undefined)
    throw new FiredrillError('usage', `--responder: there are two of the name ${twice.id}`, { hint: 'rename one' });
  return called;
}

/** What was typed for the responders of a stored run. */
export const respondersOf = (plan: Plan): readonly string[] =>
  plan.runbooks.flatMap(({ responder }) => (responder === undefined ? [] : [responder]));

function programAtDesk(file: string, out: string, baseline: string | undefined): Responder {
  return {
    comes: 'called',
    work: async (desk, given) => {
      let program = file;
      if (baseline !== undefined) {
        program = join(desk.dir, 'responder');
        copyFileSync(file, program);
        chmodSync(program, 0o755);
      }
      return await runAtDesk(desk, [program], { ...given, apart: await apart(namingFolders(out), program) });
    },
  };
}
