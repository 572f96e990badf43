import { look } from '../../model/define.ts';
import type { Step } from '../../model/step.ts';

/** What somebody sees who wonders why the pods of postmortem 003 do not run. */
export const seeThePods: Step = look(
  'see what does not run',
  'workstation',
  'kubectl get pods -A -o wide | grep -v Running | head -n 20',
);

/** What the kubelet says of pods that it cannot start. */
export const seeTheEvents: Step = look(
  'see why',
  'workstation',
  'kubectl get events -A --field-selector type=Warning -o custom-columns=MESSAGE:.message | sort | uniq -c | sort -rn | head -n 10',
);

export const seeTheDatabase: Step = look(
  'see what the database says',
  'workstation',
  'kubectl -n chromadb get pod chromadb-0; kubectl -n chromadb logs chromadb-0 --tail=5',
);

/** The same step once more, under a name of its own. */
export const again = <S extends Step>(when: string, step: S): S => ({ ...step, name: `${step.name}, ${when}` });
