import type { Probe } from '../model/probe.ts';
import { humanDuration, millis, seconds } from '../model/units.ts';
import { stateless } from '../probes/support/stateless.ts';
import { wordOf } from './fence.ts';
import type { SliFields } from './sli-fields.ts';

/** An SLI's fields where it is a command. */
type CommandFields = SliFields & { readonly run: string };

/**
 * An SLI that is a command: good when it succeeds on every node that it is run on, and says what is expected.
 * @param fields `every` defaults to a second and is no shorter, for each request starts a process; `timeout` to as much
 */
export function commandProbe(sli: string, fields: CommandFields): Probe {
  const { on = 'workstation', run, expect, slo } = fields;
  const periodMs = millis(Math.max(1000, fields.every ?? 1000));
  const timeoutMs = fields.timeout ?? seconds(1);
  const said = expect === undefined ? undefined : new RegExp(expect, 'm');
  return stateless(
    {
      sli,
      title: fields.title ?? `\`${run.split('\n')[0] ?? ''}\` on ${wordOf(on)}, every ${humanDuration(periodMs)}`,
      ...{ periodMs, timeoutMs, bystander: fields.bystander === true },
      ...(slo === undefined ? {} : { slo }),
    },
    async ({ cluster, signal: trial }, _n, signal) => {
      const judge = (
        where: string,
        { exitCode, stdout, stderr }: { exitCode: number; stdout: string; stderr: string },
      ) => {
        if (exitCode !== 0)
          throw new Error(`${where}: ${(stderr || stdout).trim().split('\n').at(-1) ?? ''} (exit ${exitCode})`);
        if (said !== undefined && !said.test(stdout)) throw new Error(`${where}: no /${said.source}/ in what it said`);
      };
      if (on === 'workstation') {
        judge(on, await cluster.workstation(run, { timeoutMs, signal: AbortSignal.any([trial, signal]) }));
        return;
      }
      await Promise.all(
        cluster.select(on).map(async ({ name }) => {
          judge(name, await cluster.look(name, run, { timeoutMs, signal: AbortSignal.any([trial, signal]) }));
        }),
      );
    },
  );
}
