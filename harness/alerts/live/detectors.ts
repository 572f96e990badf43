import { rightLabels, type RightAlert } from '../../model/alert.ts';
import type { Detector } from '../../model/detector.ts';
import { grouped } from '../../model/grouped.ts';
import { millis, seconds } from '../../model/units.ts';
import { alertLoop, alertTimes } from './times.ts';
import type { AlertRule, RuleSet } from './rule-set.ts';

/** How often an alert that has nothing new to say is known to be alive. */
export const heartbeatMs = seconds(20);

/**
 * An alert whose rule says that nobody is told (`severity: none`): kube-prometheus' Watchdog, which always fires and whose silence is the news,
 * and what only inhibits others.
 */
const tellsNobody = ({ labels }: AlertRule): boolean => labels['severity'] === 'none';

/** What an alert's name has at its end where it is that of the monitoring inside the cluster. */
export const insideMark = '@inside';

/**
 * The alerts of rules as detectors, one for each name: several rules of one name (a warning and a critical one) are one alert to whoever is
 * told of it. It is told when its notification arrives.
 *
 * @param right what names the cause of the outage; undefined where nobody has said
 * @param known names of alerts that name the cause of some outage
 */
export function alertDetectors(
  rules: Pick<RuleSet, 'alerts' | 'from' | 'inside'>,
  right: readonly RightAlert[] | undefined,
  known: ReadonlySet<string>,
): readonly Detector[] {
  const told = rules.alerts.filter((rule) => !tellsNobody(rule));
  const names = [...grouped(told, ({ name }) => name)];
  const sites = [
    { mark: '', words: '' },
    ...(rules.inside === true ? [{ mark: insideMark, words: ', of the monitoring inside the cluster' }] : []),
  ];
  const each = sites.flatMap((site) => names.map(([name, all]) => ({ ...site, name, all })));
  return each.map(({ mark, words, name, all }): Detector => {
    const wanted = rightLabels(name, right, known);
    const forMs = millis(Math.min(...all.map((rule) => rule.forMs)));
    return {
      id: `${name}${mark}`,
      title: `Prometheus' alert ${name}${words}`,
      source: `rules: ${rules.from.join(', ')}`,
      loop: (profile) => alertLoop(forMs, alertTimes(profile)),
      leastTtdMs: (profile) => millis(forMs + alertTimes(profile).groupWaitMs),
      periodMs: () => heartbeatMs,
      expects: '',
      right: wanted ?? [],
      ...(wanted === undefined ? { judged: false } : {}),
      async *watch(context) {
        const readings = context.alerts?.(`${name}${mark}`);
        if (readings === undefined) throw new Error('no rules are evaluated beside this trial');
        yield* readings;
      },
    };
  });
}
