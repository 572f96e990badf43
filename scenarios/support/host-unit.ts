import { act } from '../../harness/model/define.ts';
import type { NodeSelector, ShellStep } from '../../harness/model/step.ts';

/** A program of the host and the systemd unit that starts it, now and at every boot. */
export interface HostUnit {
  readonly name: string;
  /** Where the program lies. */
  readonly path: string;
  /** Its text, interpreter included. */
  readonly program: string;
  readonly unit: string;
}

/** Installs and starts one; `standsFor` is what an administrator would have typed. */
export function installUnit(step: string, on: NodeSelector, unit: HostUnit, standsFor?: string): ShellStep {
  return act(
    step,
    on,
    [
      `mkdir -p "$(dirname ${unit.path})"`,
      `cat > ${unit.path} <<'SCRIPT'\n${unit.program}\nSCRIPT`,
      `cat > /etc/systemd/system/${unit.name}.service <<'UNIT'\n${unit.unit}\nUNIT`,
      `chmod 755 ${unit.path}`,
      'systemctl daemon-reload',
      `systemctl enable --now ${unit.name}`,
    ].join('\n'),
    standsFor === undefined ? {} : { standsFor },
  );
}
