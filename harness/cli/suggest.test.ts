import { describe, expect, it } from 'vitest';
import { closest, didYouMean, editDistance } from './suggest.ts';

describe('did you mean', () => {
  it('counts edits, a swap of neighbours as one', () => {
    expect(editDistance('', '')).toBe(0);
    expect(editDistance('abc', '')).toBe(3);
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('cni-wiep', 'cni-wipe')).toBe(1);
  });

  it('finds what was mistyped, and what was begun', () => {
    const known = ['cni-wipe', 'coredns-loop', 'scheduler-stall'];
    expect(closest('cni-wip', known)).toBe('cni-wipe');
    expect(closest('CNI-WIPE', known)).toBe('cni-wipe');
    expect(closest('coredns', known)).toBe('coredns-loop');
    expect(closest('banana', known)).toBeUndefined();
    expect(closest('e', known)).toBeUndefined();
  });

  it('lists what there is when nothing is near', () => {
    expect(didYouMean('banana', ['a-b', 'c-d'])).toBe(' (there are: a-b, c-d)');
    expect(didYouMean('a-c', ['a-b'])).toBe(' (did you mean "a-b"?)');
    expect(didYouMean('x', [])).toBe('');
  });
});
