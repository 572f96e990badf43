import { act, until } from '../../model/define.ts';
import type { Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';

/** The database of the workload, as a person types it. */
export const databasePod = 'kubectl -n chromadb exec chromadb-0 --';
/** Within the pod: becomes the user that owns the database's files, for the command that follows. */
export const toPostgres = 'setpriv --reuid=postgres --regid=postgres --init-groups';
/** The database of the workload, as that user. */
export const asPostgres = `${databasePod} ${toPostgres}`;
/** Succeeds when the server takes connections. */
export const databaseAnswers = `${databasePod} pg_isready -q -h 127.0.0.1 -U chromadb`;
export const pgdata = '/var/lib/postgresql/data/pgdata';

const idle = JSON.stringify([
  { op: 'add', path: '/spec/template/spec/containers/0/command', value: ['sleep', 'infinity'] },
  { op: 'remove', path: '/spec/template/spec/containers/0/args' },
  { op: 'remove', path: '/spec/template/spec/containers/0/livenessProbe' },
]);

/** Starts the pod with something else than the server, so that there is something to get into. */
export const idleSteps: readonly Step[] = [
  act(
    'start the pod with something that does nothing',
    'workstation',
    `kubectl -n chromadb patch statefulset chromadb --type=json -p '${idle}'\nkubectl -n chromadb delete pod chromadb-0`,
    { standsFor: 'command: ["/bin/sh -c"], args: ["sleep infinity"] in the pod\'s YAML' },
  ),
  until('wait until there is something to get into', 'workstation', `${databasePod} true`, seconds(60)),
];

/** Puts the server back into the pod. */
export const serverSteps: readonly Step[] = [
  act(
    'start the server again',
    'workstation',
    'kubectl -n chromadb rollout undo statefulset chromadb\nkubectl -n chromadb delete pod chromadb-0',
    { standsFor: 'the two lines removed from the YAML' },
  ),
  until('wait until it answers', 'workstation', databaseAnswers, seconds(120)),
];
