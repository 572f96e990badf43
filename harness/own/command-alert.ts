import { askNode, looking } from '../detectors/support/look.ts';
import type { Detector } from '../model/detector.ts';
import { humanDuration, millis } from '../model/units.ts';
import { wordOf } from './fence.ts';
import type { CommandAlertFields } from './outage-file.ts';

/** An alert that is a command on nodes: it fires while a line of what one of them prints matches, and says that line. */
export function commandAlert({ id, title, command, right }: CommandAlertFields): Detector {
  const { on = 'nodes', run, fires, every } = command;
  const pattern = new RegExp(fires);
  return {
    id,
    title: title ?? `\`${run.split('\n')[0] ?? ''}\` says /${fires}/`,
    source: 'your own',
    loop: (profile) => `run on ${wordOf(on)} every ${humanDuration(every ?? profile.scrapeMs)}`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => every ?? profile.scrapeMs,
    expects: right ?? '.',
    watch({ cluster, signal, now }, profile) {
      return looking(every ?? profile.scrapeMs, { now, signal }, async () => {
        const said = await Promise.all(
          cluster.select(on).map(async ({ name }) => {
            const line = (await askNode({ cluster, signal }, name, run)).split('\n').find((one) => pattern.test(one));
            return line === undefined ? [] : [`${line.trim()} (on ${name})`];
          }),
        );
        return said.flat()[0];
      });
    },
  };
}
