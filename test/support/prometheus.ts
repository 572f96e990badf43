import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, realRunner } from '../../harness/host/run.ts';
import { ensureTools, type Tools } from '../../harness/alerts/tools.ts';

/** The server and promtool. */
export type ToolsForTests = Tools & { readonly promtool: string };

async function bothTools(): Promise<ToolsForTests> {
  const { promtool, ...tools } = await ensureTools({}, () => undefined);
  if (promtool === undefined) throw new Error(`there is no promtool beside ${tools.prometheus}`);
  return { ...tools, promtool };
}

/**
 * Prometheus for tests: as for users, so it is obtained once where the machine has none (a second with apt). Where it cannot be had (no network), a text
 * that says why: the tests that need it are skipped with it, except in CI, where they fail.
 */
export const toolsForTests: ToolsForTests | string = await bothTools().catch((error: unknown) => {
  if (process.env['CI'] !== undefined) throw error;
  const why = error instanceof Error ? error.message : String(error);
  process.stderr.write(`skipped what needs Prometheus: ${why}\n`);
  return why;
});

/** Series of a test: values at whole multiples of the step from the start on; undefined where there is no sample. */
export type Values = Readonly<Record<string, readonly (number | undefined)[]>>;

/** Writes a TSDB with these series, as `promtool` makes one of OpenMetrics text. Unix ms. */
export async function makeData(
  tools: ToolsForTests,
  dir: string,
  series: Values,
  fromMs: number,
  stepMs: number,
): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const lines = Object.entries(series).flatMap(([name, values]) =>
    values.flatMap((value, i) => (value === undefined ? [] : [`${name} ${value} ${(fromMs + i * stepMs) / 1000}`])),
  );
  const file = join(dir, 'series.txt');
  writeFileSync(file, `${lines.join('\n')}\n# EOF\n`);
  await must(realRunner, 'making a TSDB', tools.promtool, [
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    '-q',
    file,
    dir,
  ]);
}
