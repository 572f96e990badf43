import { expect, it } from 'vitest';
import { asTyped } from './as-typed.ts';

it('says commands as they are typed in a checkout, or where firedrill is installed', () => {
  const text =
    'type: npm run scenario cni-wipe -- --trials 2\nor npm run firedrill -- list, or npm run scenario ./a.yaml';
  expect(asTyped(text, true)).toBe(text);
  expect(asTyped(text, false)).toBe(
    'type: npx firedrill run cni-wipe --trials 2\nor npx firedrill list, or npx firedrill run ./a.yaml',
  );
});
