import type { Scenario } from '../model/scenario.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import { minutes, seconds, type Millis } from '../model/units.ts';
import { commandOf, placeName } from '../engine/steps.ts';

/** A hint that can be had during a drill. */
export interface Hint {
  readonly title: string;
  readonly says: string;
  /** What is added to the time to recover for it. */
  readonly costMs: Millis;
}

/** What would have ended the outage, as far as its scenario knows: of the runbooks that should recover, the one that destroys least, then the shortest. */
export function cureOf({ runbooks }: Pick<Scenario, 'runbooks'>): ClaimedRunbook | undefined {
  const destroyed = ({ runbook }: ClaimedRunbook) => runbook.steps.filter((step) => step.destroys !== undefined).length;
  return runbooks
    .filter(
      ({ runbook: { before, instead, steps }, claim }) =>
        claim.expect === 'recovers' && before === undefined && instead === undefined && steps.length > 0,
    )
    .sort((a, b) => destroyed(a) - destroyed(b) || a.runbook.steps.length - b.runbook.steps.length)[0];
}

const placeWords = (on: string): string => (on === 'workstation' ? 'your own machine' : on);

/** The hints of an outage, from "where to look" to the cure: each says more than the one before, and costs more. */
export function hintsOf({ fault, ...scenario }: Pick<Scenario, 'runbooks' | 'fault'>): readonly Hint[] {
  const cure = cureOf(scenario)?.runbook;
  const look = cure?.steps.find((step) => !step.changes && step.kind === 'shell');
  const [witness] = fault.witness;
  const shows =
    look === undefined
      ? witness && { name: witness.name, on: placeName(witness.on), command: witness.command }
      : { name: look.name, on: placeName(look.on), command: commandOf(look) };
  return [
    ...(shows === undefined
      ? []
      : [
          { title: 'Where to look', says: `${shows.name} (on ${placeWords(shows.on)})`, costMs: seconds(30) },
          {
            title: 'A command that shows it',
            says: `On ${placeWords(shows.on)}: ${shows.command}`,
            costMs: seconds(60),
          },
        ]),
    { title: 'What is broken', says: `${fault.title} (on ${placeName(fault.targets)}).`, costMs: minutes(2) },
    ...(cure === undefined
      ? []
      : [
          {
            title: 'What ends it',
            says: [
              `${cure.title}:`,
              ...cure.steps
                .filter((step) => step.changes)
                .map((step) => `On ${placeWords(placeName(step.on))}: ${commandOf(step)}`),
            ].join('\n'),
            costMs: minutes(5),
          },
        ]),
  ];
}
