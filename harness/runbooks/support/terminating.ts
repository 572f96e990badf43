import { act } from '../../model/define.ts';
import type { Step } from '../../model/step.ts';

/** Prints namespace and name of every pod that is Terminating, one a line. With nothing but kubectl: a workstation need not have jq. */
export const terminatingPods = `kubectl get pods -A -o go-template='{{range .items}}{{if .metadata.deletionTimestamp}}{{.metadata.namespace}} {{.metadata.name}}{{"\\n"}}{{end}}{{end}}'`;

/** Takes them out of the API without waiting for their nodes. */
export const forceDeleteStep = (name: string): Step =>
  act(
    name,
    'workstation',
    `${terminatingPods} | while read -r namespace pod; do kubectl -n "$namespace" delete pod "$pod" --grace-period=0 --force; done`,
    { destroys: 'the promise that a stateful pod runs once: what still runs on its node is forgotten' },
  );
