import { until } from '../model/define.ts';
import type { Fault, WitnessCheck } from '../model/fault.ts';
import type { UntilStep } from '../model/step.ts';
import { seconds } from '../model/units.ts';

/** A witness that has to speak before the next cause hides what it sees. */
const seen = ({ name, on, command, expect }: WitnessCheck): UntilStep =>
  until(
    `see that ${name}`,
    on,
    [
      `seen=$({ ${command}\n} || true)`,
      'echo "$seen"',
      `printf '%s' "$seen" | EXPECT='${expect.replaceAll("'", "'\\''")}' perl -0777 -ne 'exit !/$ENV{EXPECT}/m'`,
    ].join('\n'),
    seconds(60),
  );

/**
 * Several outages in one cluster at the same time, each hiding the one behind it: what is behind is brought about first, is seen to be
 * broken, and only then is it covered by the next.
 *
 * Source: postmortem 003, "Apparently as many things as possible" ("when something falls apart, there's a good chance that other things may as
 * well join the party").
 *
 * @param options.causes from the innermost (found last) to the outermost (found first)
 * @param options.hidden ids of the causes whose witnesses are asked at once, for nobody can see them later; the others' are asked at the end, as
 *   those of any fault
 */
export function everythingAtOnce(options: {
  readonly causes: readonly Fault[];
  readonly hidden: readonly Fault['id'][];
}): Fault {
  const { causes } = options;
  const hidden = ({ id }: Fault): boolean => options.hidden.includes(id);
  return {
    id: 'everything-at-once',
    title: 'Several things are broken at once, each hiding the next',
    source: 'postmortem 003, "Apparently as many things as possible"',
    fidelity: 'equivalent',
    params: Object.fromEntries([
      ['causes', causes.map(({ id }) => id).join(', ')],
      ...causes.flatMap(({ params }) => Object.entries(params)),
    ]),
    requires: causes.flatMap(({ requires = [] }) => requires),
    targets: 'nodes',
    prepare: causes.flatMap((cause) => cause.prepare),
    inject: causes.flatMap((cause) => [...cause.inject, ...(hidden(cause) ? cause.witness.map(seen) : [])]),
    witness: causes.filter((cause) => !hidden(cause)).flatMap((cause) => cause.witness),
    witnessDeadlineMs: seconds(60),
    // The outermost first: the others need an API.
    undo: [...causes].reverse().flatMap((cause) => cause.undo),
  };
}
