import { placeVariable } from '../../model/commands.ts';
import { act } from '../../model/define.ts';
import { pauseImage } from '../../model/instruments.ts';
import type { NodeSelector, Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';

/** Fails when a new pod on that node gets no network within the time: what nobody had looked at before going on to the next host. */
export const networkCheck = (name: string, on: NodeSelector): Step =>
  act(
    name,
    'workstation',
    [
      `node=${placeVariable(on)}`,
      `kubectl -n default run network-check --image=${pauseImage} --overrides='{"spec":{"nodeName":"'"$node"'"}}'`,
      'if kubectl -n default wait --for=condition=Ready pod/network-check --timeout=15s; then verdict=0; else verdict=1; fi',
      'kubectl -n default delete pod network-check --grace-period=0 --force',
      'exit "$verdict"',
    ].join('\n'),
    { timeoutMs: seconds(40) },
  );
