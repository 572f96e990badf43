import { act, until } from '../../model/define.ts';
import type { Distribution } from '../../model/distribution.ts';
import type { NodeSelector, Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';

/** What k3s-killall.sh does, and the start after it. Typed at the machine's console: nothing of it needs its network. */
export const killallSteps = (distribution: Distribution, on: NodeSelector): readonly Step[] => [
  act('stop everything, and take its network away', on, distribution.stopEverything, {
    standsFor: '/usr/local/bin/k3s-killall.sh',
    destroys: 'every container of the node, and what they hold in memory',
  }),
  act('start it again', on, `systemctl start ${distribution.units('runtime', 'kubelet')}`, {
    standsFor: 'systemctl start k3s',
  }),
  until('wait until it runs', on, distribution.runs('runtime', 'kubelet'), seconds(30)),
];
