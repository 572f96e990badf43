import { z } from 'zod';
import { distributionNames } from '../model/distribution.ts';
import { profileSchema } from '../model/profile.ts';
import { ms, text, version, type TypeOf } from '../model/schema.ts';
import { intervalSchema } from '../model/units.ts';

const span = z.object({ fromMs: ms, toMs: ms });

const rightAlert = z
  .object({ alertname: text, labels: z.record(text, text).exactOptional() })
  .describe('An alert that names the cause. Of its labels these must be equal');

/** truth.json: what is known of a trial whose metrics are kept. All instants are Unix ms. */
export const truthSchema = z.object({
  schemaVersion: version,
  outage: text.exactOptional().describe("The scenario's name; absent for a healthy cluster"),
  title: text,
  trialId: text,
  profile: profileSchema,
  factor: z
    .number()
    .positive()
    .describe('By which the times of rules (`for`, intervals, ranges) are multiplied: 1 in the profile stock'),
  runbook: text,
  distribution: z.enum(distributionNames),
  kubernetes: text.exactOptional().describe('Version, as in `v1.34.3`'),
  scrapeMs: ms.positive().describe('How often targets were scraped'),
  evaluationMs: ms.positive().describe('How often rules were evaluated where they do not say'),
  lookbackMs: ms.positive().describe('How long a series without a new sample still counts'),
  dataFromMs: ms,
  dataToMs: ms,
  onset: intervalSchema.exactOptional().describe('When the outage began'),
  witnessMs: ms.exactOptional().describe('When the fault was first seen to be in effect'),
  firstSymptom: z.object({ sli: text, interval: intervalSchema }).exactOptional().describe('When users noticed'),
  changedMs: ms
    .exactOptional()
    .describe("The runbook's first changing command: what fires after it may have noticed the fix"),
  restoredMs: ms.exactOptional().describe('When everything that broke was first good again'),
  stableMs: ms.exactOptional().describe('Since when it stayed so'),
  fullRecoveryMs: ms.exactOptional(),
  endMs: ms.describe('End of observation'),
  healthy: z.array(span).describe('Stretches in which nothing was wrong: every alert in them is false'),
  right: z
    .array(rightAlert)
    .exactOptional()
    .describe('What names the cause of this outage: `[]` where no rule does, absent where nobody has said'),
  prometheus: text.exactOptional().describe('The version that wrote the metrics'),
  sha256: text.describe('Of metrics.tar.gz'),
});
export type Truth = TypeOf<typeof truthSchema>;
