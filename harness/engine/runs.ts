import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isRunId } from '../model/plan.ts';

/** A run of this machine, by where it lies. */
export interface RunPlace {
  readonly scenario: string;
  readonly run: string;
  readonly path: string;
}

/** Whether a folder is a run's. */
export const isRunDir = (path: string): boolean =>
  ['plan.json', 'report.json'].some((file) => existsSync(join(path, file)));

function folders(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
}

/** Every run of a folder: by scenario, earliest first. What was put there under another name (kept examples) is no run of this machine. */
export function runsIn(out: string): readonly RunPlace[] {
  return folders(out).flatMap((scenario) =>
    folders(join(out, scenario))
      .map((run) => ({ scenario, run, path: join(out, scenario, run) }))
      .filter(({ run, path }) => isRunId(run) && isRunDir(path)),
  );
}
