import { flushFirewall } from '../model/commands.ts';
import { act, look, reboot, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector, Step } from '../model/step.ts';
import { minutes, seconds } from '../model/units.ts';
import { again, seeTheDatabase, seeTheEvents, seeThePods } from './support/chain-003.ts';
import { databaseAnswers, idleSteps, serverSteps } from './support/database.ts';
import { resetFirewallStep } from './support/host-firewall.ts';
import { killallSteps } from './support/killall.ts';
import { raiseLimitSteps, scaleDownSteps, seeTheKill } from './support/memory.ts';
import { untilNodesReady } from './support/waits.ts';
import { throwLogAway } from './support/wal.ts';

/** How long somebody looks whether a pod comes up before he thinks of something else. */
const patience = seconds(30);

/** The API says Ready for a while of a machine that has just been switched off: only the machine itself knows. */
const untilUp = (name: string, on: NodeSelector, units: string): Step =>
  until(name, on, `systemctl is-active ${units}`, seconds(60));

/**
 * Everything that was done, in its order, the wrong turns too: reboot, certificates, the firewall flushed and reset, another reboot, the killall
 * script, a higher limit, fewer services, pg_resetwal.
 * Source: postmortem 003, whole. The upgrade ("fortunately, this didn't add more insult to the injury") is left out.
 * @param options.host the machine that is reached by ssh
 */
export function asItHappened(distribution: Distribution, options: { readonly host: NodeSelector }): Runbook {
  const { host } = options;
  const { units } = distribution;
  return {
    id: 'as-it-happened',
    title: 'Everything that was done, in order',
    source: 'postmortem 003, all of it',
    why: 'Each step responded to what was on the screen at the time.',
    steps: [
      look('see what the API says', 'workstation', 'kubectl get nodes'),
      reboot('reboot, "probably just an instinct"', 'nodes', seconds(90)),
      untilUp('wait until they are up', 'nodes', units('runtime')),
      look('see what the API says now', 'workstation', 'kubectl get nodes'),
      ...distribution.renewEverything,
      untilNodesReady(minutes(2)),
      seeThePods,
      seeTheEvents,
      act("the first commands of an issue's comment", host, flushFirewall, {
        standsFor: 'iptables -F; iptables -t nat -F',
        destroys: 'every rule of this machine, and with the policies that stay every way onto it',
      }),
      resetFirewallStep(host),
      reboot('reboot once again', 'workers', seconds(90)),
      untilUp('wait until they are up again', 'workers', units('runtime', 'kubelet')),
      again('after it', untilNodesReady(minutes(2))),
      again('after it', seeThePods),
      ...killallSteps(distribution, 'workers'),
      again('after the killall', untilNodesReady(minutes(2))),
      again('after the killall', seeThePods),
      seeTheKill,
      ...raiseLimitSteps,
      {
        ...until('see whether it comes up', 'workstation', databaseAnswers, patience),
        optional: true,
      },
      ...scaleDownSteps,
      seeTheDatabase,
      ...idleSteps,
      throwLogAway,
      ...serverSteps,
    ],
  };
}
