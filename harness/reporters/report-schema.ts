import { z } from 'zod';
import { planSchema } from '../model/plan.ts';
import { recordSchema } from '../model/record.ts';
import { version, type TypeOf } from '../model/schema.ts';
import { summarySchema } from '../model/summary.ts';

/** What report.json holds. */
export const reportSchema = z
  .object({ schemaVersion: version, plan: planSchema, summary: summarySchema, trials: z.array(recordSchema) })
  .describe('report.json of a firedrill run: everything that its reports say. Durations in milliseconds.');
export type Report = TypeOf<typeof reportSchema>;

/** The published JSON Schema of report.json; `docs/report.schema.json` holds it. */
export function reportJsonSchema(): string {
  const schema = z.toJSONSchema(reportSchema, { io: 'input', target: 'draft-2020-12' });
  return `${JSON.stringify({ title: 'firedrill report', ...schema }, null, 2)}\n`;
}
