import { z } from 'zod';
import { duration, expression, place, text, words } from './fields.ts';

/** How an SLI is asked for: each has one of these. */
export const ways = ['run', 'http', 'tcp', 'dns', 'sql'] as const;

/** `http://worker-1:30080/path`: a node by its place, and a port of it. */
const url = (protocols: readonly string[], example: string) =>
  z.string(words(`an address such as ${example}`)).refine((value) => isAddress(value, protocols), {
    error: `must be an address such as ${example}, with control-plane or worker-1 as its host`,
  });

function isAddress(value: string, protocols: readonly string[]): boolean {
  const { protocol = '', hostname = '', port = '' } = URL.canParse(value) ? new URL(value) : {};
  return protocols.includes(protocol) && /^(control-plane|worker-[1-9]\d?)$/.test(hostname) && port !== '';
}

/** One SLI of a user's own: what is asked, how often, and what is good. */
export const sliFields = z
  .strictObject({
    title: text.optional(),
    run: text.describe('A command that must succeed').optional(),
    on: place.describe('Where `run` runs; default: workstation').optional(),
    http: url(['http:'], 'http://worker-1:30080/').describe('GET over a new connection; good is 2xx').optional(),
    status: z.int().min(100).max(599).describe('With `http`: the only good status').optional(),
    tcp: url(['tcp:'], 'tcp://worker-1:30080').describe('Good when it connects').optional(),
    dns: z
      .string(words('a name'))
      .regex(/^[a-z0-9.-]+$/i, 'must be a name, absolute and without a dot at its end')
      .describe('A name that pods resolve: good when it has an address')
      .optional(),
    sql: text.describe('A query to PostgreSQL: good when it is answered').optional(),
    at: url(['postgres:'], 'postgres://user:password@worker-1:30432/database').describe('With `sql`: where').optional(),
    expect: expression.describe('What it must print or answer').optional(),
    every: duration.describe('Period; default: 1s, and 250ms for http, tcp and dns').optional(),
    timeout: duration.describe('Default: 1s').optional(),
    slo: z.number().min(0).max(1).optional(),
    bystander: z.boolean().describe('It is outside of the blast radius: what it loses is collateral').optional(),
  })
  .superRefine((value, context) => {
    const problem = (message: string) => {
      context.addIssue({ code: 'custom', message });
    };
    const given = ways.filter((way) => value[way] !== undefined);
    if (given.length !== 1) problem(`must have one of ${ways.join(', ')}`);
    if ((value.sql === undefined) !== (value.at === undefined)) problem('must have both `sql` and `at`, or none');
    if (value.on !== undefined && value.run === undefined) problem('has `on`, which is for `run`');
    if (value.status !== undefined && value.http === undefined) problem('has `status`, which is for `http`');
    if (value.expect !== undefined && (value.tcp ?? value.dns) !== undefined)
      problem('has `expect`, and what connects or resolves says nothing');
  });
export type SliFields = z.output<typeof sliFields>;
