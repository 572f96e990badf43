import { grownEntries, installFirmware, placeVariable, soundEntries } from '../model/commands.ts';
import { act, reboot, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';
import { networkCheck } from './support/network-check.ts';

/**
 * One host first: upgrade it, reboot it, see that a new pod gets a network there, and only then go on to the next zone. What went wrong is
 * taken back on that host.
 * Source: postmortem 001, what to do in future, 2 ("run host upgrades in a canary fashion. So just do a single host, and verify things come
 * back ok — particularly networking. Automate this.").
 * @param options.canary the host that goes first
 * @param options.next the one after it
 */
export function canaryHost(
  distribution: Distribution,
  options: { readonly canary: NodeSelector; readonly next: NodeSelector },
): Runbook {
  const { canary, next } = options;
  const upgrade = { standsFor: 'apt-get upgrade # linux-firmware' };
  const ready = (name: string, on: NodeSelector) =>
    until(
      name,
      'workstation',
      `kubectl wait --for=condition=Ready node ${placeVariable(on)} --timeout=5s`,
      seconds(60),
    );
  return {
    id: 'canary-host',
    title: 'Upgrade and reboot one host, check its network, continue only if it works',
    source: 'postmortem 001, what to do in future, 2',
    why: 'An upgrade that breaks something breaks one zone, until the check.',
    instead: [
      act('upgrade one host', canary, installFirmware(grownEntries), upgrade),
      reboot('reboot it', canary, seconds(60)),
      until('its kubelet runs', canary, distribution.runs('kubelet'), seconds(60)),
      ready('is it Ready?', canary),
      networkCheck('does a new pod get a network there?', canary),
      act('upgrade the next', next, installFirmware(grownEntries), upgrade),
      reboot('reboot the next', next, seconds(60)),
      ready('is it Ready, too?', next),
    ],
    steps: [
      act('put the old firmware back', canary, installFirmware(soundEntries), {
        standsFor: 'apt-get install --allow-downgrades linux-firmware=<the version before>',
      }),
      reboot('reboot it again', canary, seconds(60)),
      ready('wait until it is Ready', canary),
    ],
  };
}
