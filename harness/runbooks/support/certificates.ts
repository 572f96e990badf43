import { look } from '../../model/define.ts';
import type { Distribution } from '../../model/distribution.ts';
import type { Step } from '../../model/step.ts';

/** The certificates renewed as a person does it who follows the manual to its end: until the API answers. */
export const renewByTheManual = (distribution: Distribution): readonly Step[] => [
  look('see what the API says', 'workstation', 'kubectl get nodes'),
  ...distribution.renewCertificates,
];
