import { act } from '../../model/define.ts';
import type { NodeSelector, Step } from '../../model/step.ts';

/** Takes the firewall of a host away for good, as its own command does; typed at the console, for ssh is not there. */
export const resetFirewallStep = (on: NodeSelector): Step =>
  act('reset the firewall', on, 'systemctl disable host-firewall\nhost-firewall reset', {
    standsFor: 'ufw --force reset',
    destroys: 'what kept the outside away from everything else on this machine',
  });
