import { firmware, installFirmware, soundEntries } from '../model/commands.ts';
import { act, look, reboot, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { untilNodesReady } from './support/waits.ts';

/**
 * Put the firmware of before back, and reboot what had been rebooted into the new one.
 * Source: postmortem 001, which did not try it ("Literally, nothing changed in the host except the firmware update").
 */
export function rollbackFirmware(distribution: Distribution): Runbook {
  return {
    id: 'rollback-firmware',
    title: 'Put the old firmware back, and reboot the workers',
    source: 'postmortem 001: the one thing that had changed',
    why: 'Nothing else has changed since everything worked.',
    steps: [
      look('see what was updated', 'nodes', `ls -l --time-style=full-iso ${firmware} && cat ${firmware}`),
      act('put the old one back', 'nodes', installFirmware(soundEntries), {
        standsFor: 'apt-get install --allow-downgrades linux-firmware=<the version before>',
      }),
      reboot('reboot what was rebooted', 'workers', seconds(60)),
      until('wait until they run their kubelets', 'workers', distribution.runs('kubelet'), seconds(60)),
      untilNodesReady(seconds(90)),
    ],
  };
}
