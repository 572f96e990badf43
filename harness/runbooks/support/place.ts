import type { NodeSelector } from '../../model/step.ts';

/** The names of selected nodes as a workstation's shell has them: `$NODES`, `$WORKERS`, or one worker of the latter. */
export function placeVariable(on: NodeSelector): string {
  if (on === 'nodes') return '$NODES';
  if (on === 'workers') return '$WORKERS';
  if (on === 'control-plane') return '$CONTROL_PLANE';
  return `$(echo $WORKERS | cut -d " " -f ${on.worker})`;
}
