import { k3d } from '../../distributions/k3d.ts';
import { data } from '../../distributions/k3s.ts';
import { bringToRest } from '../k3s/rest.ts';
import type { Rest } from '../platform.ts';
import { shellScript } from '../shell.ts';

const script = [
  shellScript('take-containers.sh', { ctr: k3d.commands.ctr }),
  shellScript('k3d-stop.sh', { processes: k3d.processes('kubelet') }),
  shellScript('k3s-rest.sh', { data, state: k3d.paths.runtime }),
  // The next start is the first one, of a node that is not there yet.
  'rm -f /etc/firedrill/boot\n',
].join('');

/** As k3s under systemd is brought to rest, in nodes that would end with k3s: whoever waits for its end stands still meanwhile. */
export const k3dRest: Rest = { scripts: script, bring: bringToRest(script), release: () => undefined };
