import { z } from 'zod';
import { FiredrillError } from '../model/errors.ts';
import type { Probe } from '../model/probe.ts';
import type { Scenario } from '../model/scenario.ts';
import { name } from './fields.ts';
import { endpointOf, ownProbe } from './own-probe.ts';
import { sliFields, type SliFields } from './sli-fields.ts';
import { readYaml } from './yaml-file.ts';

/** The schema of a file of SLIs (docs/own-workload.md). */
export const sliFile = z.strictObject({
  slis: z.record(name, sliFields),
  breaks: z.array(name).min(1).describe('SLIs that the outage must break; default: all but bystanders').optional(),
});

/** What a user's own workload is measured by. */
export interface OwnSlis {
  readonly probes: readonly Probe[];
  /** Those that an outage must break, or the trial is invalid. */
  readonly breaks: readonly string[];
  /** What the user load asks for: the SLIs over HTTP. */
  readonly users: NonNullable<Scenario['users']>;
}

/**
 * The SLIs in a file.
 * @throws FiredrillError `usage` with line, column and what was expected
 */
export function slisOfYaml(content: string, file: string): OwnSlis {
  const { value, problem } = readYaml(content, file, sliFile, 'docs/own-workload.md has the whole format');
  const probes = Object.entries(value.slis).map(([sli, fields]) => ownProbe(sli, fields));
  const breaks = value.breaks ?? probes.flatMap(({ sli, bystander }) => (bystander ? [] : [sli]));
  for (const [i, sli] of (value.breaks ?? []).entries())
    if (!probes.some((probe) => probe.sli === sli))
      throw problem(['breaks', i], `is ${sli}, which is none of the SLIs`);
  if (breaks.length === 0)
    throw new FiredrillError('usage', `${file}: no SLI that an outage could break: all are bystanders`);
  return { probes, breaks, users: usersOf(Object.values(value.slis)) };
}

/** What users ask for, as a load: the SLIs over HTTP. */
const usersOf =
  (slis: readonly SliFields[]): OwnSlis['users'] =>
  (cluster) =>
    slis.flatMap(({ http }) => {
      if (http === undefined) return [];
      const { host, port } = endpointOf(http, cluster);
      const { pathname, search } = new URL(http);
      return [`http://${host}:${port}${pathname}${search}`];
    });
