import { describe, expect, it } from 'vitest';
import { diskForRun, requireMemory, roomFor, usual } from './need.ts';

const each = 2 * 2 ** 30;
const need = { what: 'cni-wipe', clusters: 1, nodes: 3, memoryBytes: each };

describe('memory for a run', () => {
  it('is enough when all its clusters fit', () => {
    expect(() => {
      requireMemory(need, each);
      requireMemory({ ...need, clusters: 3 }, 3 * each);
    }).not.toThrow();
    expect([roomFor(each, each - 1), roomFor(each, each), roomFor(each, 2.5 * each)]).toEqual([0, 1, 2]);
  });

  it('is refused with the outage, what it needs, what there is, and what to do instead', () => {
    const refused = (clusters: number, available: number): unknown => {
      try {
        requireMemory({ ...need, clusters }, available);
        return undefined;
      } catch (error) {
        return error;
      }
    };
    expect(refused(1, 2 ** 30)).toMatchObject({
      code: 'environment',
      message: 'cni-wipe needs 2.0 GiB of memory, but only 1.0 GiB are available',
      hint: expect.stringMatching(/firedrill -- list/) as string,
    });
    expect(refused(3, 5 * 2 ** 30)).toMatchObject({
      message: '3 clusters of cni-wipe at once need 6.0 GiB of memory, but only 5.0 GiB are available',
      hint: '--parallel 2',
    });
  });
});

it('disk grows with the nodes of all clusters', () => {
  const [one, two, larger] = [{}, { clusters: 2 }, { nodes: 5 }].map((more) => diskForRun({ ...usual, ...more }));
  expect(one).toBeCloseTo(6.05e9);
  expect([two, larger].map((bytes) => Math.round(((bytes ?? 0) - (one ?? 0)) / 0.85e9))).toEqual([3, 2]);
});
