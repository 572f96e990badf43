import { z } from 'zod';
import type { Requirement } from './distribution.ts';
import { text, type TypeOf } from './schema.ts';
import type { Step } from './step.ts';

/** A response to an outage, as data: what `describe` prints as a page to follow at three in the morning is what is run. */
export interface Runbook {
  readonly id: string;
  readonly title: string;
  /** Which postmortem or manual it comes from. */
  readonly source: string;
  /** Why somebody would do this, in a sentence or two. */
  readonly why: string;
  /** What a distribution must be like for it to be done there; absent where it can be everywhere. */
  readonly requires?: readonly Requirement[];
  /** What a prevention changes before anything breaks; done on the healthy cluster, before steady state is measured. */
  readonly before?: readonly Step[];
  /**
   * How the change that broke everything is made under this prevention (one node first, one after another): done in place of the
   * fault's `inject`. Nothing has to break then; where nothing does, the outage was prevented. `steps` follow, as after any onset.
   */
  readonly instead?: readonly Step[];
  readonly steps: readonly Step[];
  /** Who responds instead of following steps, as it was asked for: a program, an agent, a person. Its steps are what it does in each trial. */
  readonly responder?: string;
}

/** What the postmortem claims about a runbook in its outage; the report sets it beside what was measured. */
export const claimSchema = z.object({
  says: text,
  expect: z
    .enum(['recovers', 'does-not-recover', 'unknown'])
    .describe('`recovers`: exit 1 if it does not. `does-not-recover` and `unknown` never turn a run red'),
});
export type Claim = TypeOf<typeof claimSchema>;

/** A runbook as it stands in a scenario: with the claim made for it there. */
export interface ClaimedRunbook {
  readonly runbook: Runbook;
  readonly claim: Claim;
  /** The page that it was read from, where it is a user's own. */
  readonly markdown?: string;
}
