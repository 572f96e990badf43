import { describe, expect, it } from 'vitest';
import { closest, didYouMean, didYouMeanOneOf } from './suggest.ts';

describe('did you mean', () => {
  it('finds what was mistyped, and what was begun', () => {
    const known = ['cni-wipe', 'coredns-loop', 'scheduler-stall'];
    expect(closest('cni-wip', known)).toBe('cni-wipe');
    expect(closest('cni-wiep', known)).toBe('cni-wipe');
    expect(closest('CNI-WIPE', known)).toBe('cni-wipe');
    expect(closest('coredns', known)).toBe('coredns-loop');
    expect(closest('banana', known)).toBeUndefined();
    expect(closest('e', known)).toBeUndefined();
  });

  it('lists what there is when nothing is near, where that is of use', () => {
    expect(didYouMeanOneOf('banana', ['a-b', 'c-d'])).toBe(' (there are: a-b, c-d)');
    expect(didYouMeanOneOf('a-c', ['a-b'])).toBe(' (did you mean "a-b"?)');
    expect(didYouMeanOneOf('x', [])).toBe('');
    expect(didYouMean('banana', ['a-b', 'c-d'])).toBe('');
    expect(didYouMean('a-c', ['a-b'])).toBe(' (did you mean "a-b"?)');
  });
});
