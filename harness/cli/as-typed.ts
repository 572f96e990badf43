import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './load-code.ts';

/** Whether this is a checkout of the project, and not a package that npm has installed: npm never packs the lockfile. */
export const isCheckout = (root: string = projectRoot): boolean => existsSync(join(root, 'package-lock.json'));

/**
 * A text with its commands as they are typed here. All of them are written for a checkout (`npm run scenario cni-wipe -- --trials 2`); an installed
 * firedrill is `npx firedrill run cni-wipe --trials 2`.
 */
export const asTyped = (text: string, checkout: boolean = isCheckout()): string =>
  checkout
    ? text
    : text
        .replace(/npm run (?:-s )?firedrill -- /g, 'npx firedrill ')
        .replace(/npm run (?:-s )?scenario ([^\n`]*?) -- /g, 'npx firedrill run $1 ')
        .replace(/npm run (?:-s )?scenario /g, 'npx firedrill run ');
