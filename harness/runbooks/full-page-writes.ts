import { act } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';

const patch = JSON.stringify(
  ['-c', 'full_page_writes=on'].map((value) => ({
    op: 'add',
    path: '/spec/template/spec/containers/0/args/-',
    value,
  })),
);

/**
 * A prevention: PostgreSQL's own default. After a checkpoint the log has every page whole when it is first changed, so what is torn is written
 * again. Nothing is done when it has happened.
 * Source: PostgreSQL manual, 20.5, full_page_writes.
 */
export function fullPageWrites(): Runbook {
  return {
    id: 'full-page-writes',
    title: 'full_page_writes on, as is the default, and nothing else',
    source: 'PostgreSQL manual, 20.5',
    why: 'Somebody had turned it off to write less log; a machine that stops in the middle of a page is what it is for.',
    before: [
      act(
        'turn full_page_writes on',
        'workstation',
        [
          `kubectl -n chromadb patch statefulset chromadb --type=json -p '${patch}'`,
          'kubectl -n chromadb rollout status statefulset chromadb --timeout=50s',
        ].join('\n'),
      ),
    ],
    steps: [],
  };
}
