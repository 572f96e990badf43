import { seeded } from '../model/random.ts';
import { signFlip } from './permutation.ts';

/** So many arrangements are drawn: fewer of many arms, of which there are more cells; all are counted where there are no more than `exactMost`. */
const rounds = 1999;
const roundsOf = (arms: number): number => (arms < 5 ? rounds : arms < 7 ? 999 : 499);
const exactMost = 8000;
/** A test stops once so many arrangements were as far apart: its p is above 0.05 either way. */
const hitsEnough = 100;
/** Above so many blocks neighbours are permuted together, in so many groups; of many more blocks half as many are as good. */
const groupsMost = 32;

/** Values of one arm by block; NaN where it has none. */
export type Row = ArrayLike<number>;

/** Outcome of a test of several arms: `least` is a lower bound of any p that these values could have come to. */
export interface CellTest {
  readonly p: number;
  readonly least: number;
}

/**
 * p of the hypothesis that in each block it is chance alone which of these arms has which value: the share of all ways to deal
 * each block's values out among the arms that it has with which some pair of arms is as far apart as the farthest pair is. How far
 * apart two arms are is |Σd| / √Σd² over the blocks that have both, which for two arms alone is the sign-flip test; each pair has its own
 * scatter, so that an arm that recovers now and then does not hide what two steady ones show.
 *
 * Two arms are counted exactly (`signFlip`). Of more, all arrangements are counted up to 8000, else 1999 are drawn (999 of five and six arms, 499 of more), always the same
 * ones for so many arms and blocks, so that no seed can be looked for; the observed one is among them. Where p is not small, it ends after 100 that were as far apart
 * (Besag and Clifford, Biometrika 78 (1991) 301). Beyond 32 blocks neighbours with the same arms are summed and dealt together,
 * which is a subgroup of all arrangements and holds just as well (Hemerik and Goeman, TEST 27 (2018) 811).
 * Source: Fisher's randomization test for blocks; Pitman, Biometrika 29 (1938) 322; the greatest studentized difference: Romano and Wolf,
 * J. Am. Stat. Assoc. 100 (2005) 94.
 */
export function blockPermutation(rows: readonly Row[], seed: number): CellTest {
  if (rows.length === 2) return pairTest(rows, seed);
  const table = tableOf(rows);
  if (table === undefined) return { p: 1, least: 1 };
  const far = farthest(table, observed(table), Infinity);
  if (far === 0) return { p: 1, least: table.least };
  // What is as far apart but for rounding counts.
  const enough = far * (1 - 1e-9);
  const p = table.arrangements <= exactMost ? counted(table, enough) : drawn(table, enough);
  return { p: Math.max(p, table.least), least: table.least };
}

function pairTest([a = [], b = []]: readonly Row[], seed: number): CellTest {
  const differences: number[] = [];
  for (let i = 0; i < a.length; i++) {
    const d = (b[i] ?? NaN) - (a[i] ?? NaN);
    if (!Number.isNaN(d) && d !== 0) differences.push(d);
  }
  return { p: signFlip(differences, seed), least: Math.min(1, 2 ** (1 - differences.length)) };
}

/** The cell's values, block after block: those that can differ. */
interface Table {
  readonly arms: number;
  readonly blocks: number;
  /** By block: `values[block * arms + i]` is of the arm `slots[block * arms + i]`, for `i` up to the block's `sizes`. */
  readonly values: Float64Array;
  readonly slots: Uint8Array;
  readonly sizes: Uint8Array;
  readonly complete: boolean;
  /** How many different ways there are to deal them out, at most 2^53. */
  readonly arrangements: number;
  readonly least: number;
}

function tableOf(rows: readonly Row[]): Table | undefined {
  const arms = rows.length;
  const length = rows[0]?.length ?? 0;
  const patterns = new Map<string, number[][]>();
  for (let block = 0; block < length; block++) {
    const present: number[] = [];
    const values: number[] = [];
    rows.forEach((row, slot) => {
      const value = row[block] ?? NaN;
      if (Number.isNaN(value)) return;
      present.push(slot);
      values.push(value);
    });
    if (present.length < 2 || values.every((v) => v === values[0])) continue;
    const key = present.join();
    const list = patterns.get(key);
    if (list === undefined) patterns.set(key, [present, values]);
    else list.push(values);
  }
  let found = 0;
  for (const list of patterns.values()) found += list.length - 1;
  if (found === 0) return undefined;
  const together = Math.ceil(found / (found > 8 * groupsMost ? groupsMost / 2 : groupsMost));
  const merged: { slots: readonly number[]; values: readonly number[] }[] = [];
  for (const [slots = [], ...blocks] of patterns.values()) {
    for (let from = 0; from < blocks.length; from += together) {
      const group = blocks.slice(from, from + together);
      merged.push({ slots, values: slots.map((_, i) => group.reduce((sum, values) => sum + (values[i] ?? 0), 0)) });
    }
  }
  const values = new Float64Array(merged.length * arms);
  const slots = new Uint8Array(merged.length * arms);
  const sizes = new Uint8Array(merged.length);
  let arrangements = 1;
  let different = 1;
  merged.forEach((block, b) => {
    sizes[b] = block.slots.length;
    values.set(block.values, b * arms);
    slots.set(block.slots, b * arms);
    arrangements *= factorial(block.slots.length);
    different *= waysOf(block.values);
  });
  const complete = sizes.every((size) => size === arms);
  // Giving the arms other names in all blocks at once leaves their distances as they are.
  const alike = complete ? factorial(arms) : 2;
  return {
    arms,
    blocks: merged.length,
    values,
    slots,
    sizes,
    complete,
    arrangements: complete ? arrangements / alike : arrangements,
    least: complete ? Math.min(1, alike / different) : Math.min(1, 1 / different),
  };
}

/** In how many ways these values can be dealt out. */
function waysOf(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const v of values) counts.set(v, (counts.get(v) ?? 0) + 1);
  return [...counts.values()].reduce((ways, n) => ways / factorial(n), factorial(values.length));
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** The greatest (Σd)² / Σd² of a pair; as soon as one reaches `enough`, that. Of values by arm: `dealt[arm * blocks + block]`, NaN where it has none. */
function farthest({ arms, blocks, complete }: Table, dealt: Float64Array, enough: number): number {
  let most = 0;
  for (let i = blocks; i < arms * blocks; i += blocks) {
    for (let j = 0; j < i; j += blocks) {
      let sum = 0;
      let squares = 0;
      for (let b = 0; b < blocks; b++) {
        const d = (dealt[i + b] ?? 0) - (dealt[j + b] ?? 0);
        if (complete || !Number.isNaN(d)) {
          sum += d;
          squares += d * d;
        }
      }
      const square = sum * sum;
      if (square > most * squares) {
        most = square / squares;
        if (most >= enough) return most;
      }
    }
  }
  return most;
}

/** Puts a block's values, in the order that begins at `from`, to the arms that it has. */
function deal(table: Table, dealt: Float64Array, block: number, order: ArrayLike<number>, from = 0): void {
  const { arms, blocks, values, slots, sizes } = table;
  const base = block * arms;
  const size = sizes[block] ?? 0;
  for (let i = 0; i < size; i++) {
    dealt[(slots[base + i] ?? 0) * blocks + block] = values[base + (order[from + i] ?? 0)] ?? 0;
  }
}

/** As it was observed. */
function observed(table: Table): Float64Array {
  const dealt = new Float64Array(table.arms * table.blocks).fill(NaN);
  const given = Array.from({ length: table.arms }, (_, i) => i);
  for (let block = 0; block < table.blocks; block++) deal(table, dealt, block, given);
  return dealt;
}

/** Share of all arrangements. With all arms in every block the first block may stay as it is. */
function counted(table: Table, enough: number): number {
  const { blocks, sizes, complete, arrangements } = table;
  const dealt = observed(table);
  const orders = Array.from(sizes, (size) => ordersOf(size));
  const turn = new Int32Array(blocks);
  let hits = 0;
  for (;;) {
    if (farthest(table, dealt, enough) >= enough) hits++;
    let block = complete ? 1 : 0;
    for (; block < blocks; block++) {
      const list = orders[block] ?? [];
      const next = ((turn[block] ?? 0) + 1) % list.length;
      turn[block] = next;
      deal(table, dealt, block, list[next] ?? []);
      if (next > 0) break;
    }
    if (block === blocks) return hits / arrangements;
  }
}

function drawn(table: Table, enough: number): number {
  const { arms, blocks, sizes } = table;
  const dealt = observed(table);
  const orders = Array.from(sizes, (size, block) => drawnOrders(size, block));
  const most = roundsOf(arms);
  let hits = 0;
  for (let round = 0; round < most; round++) {
    for (let block = 0; block < blocks; block++)
      deal(table, dealt, block, orders[block] ?? [], round * (sizes[block] ?? 0));
    if (farthest(table, dealt, enough) >= enough) hits++;
    if (hits === hitsEnough) return hits / (round + 1);
  }
  return (hits + 1) / (most + 1);
}

/** All orders of so many, the given one first. */
function ordersOf(size: number): readonly (readonly number[])[] {
  if (size === 0) return [[]];
  const shorter = ordersOf(size - 1);
  return Array.from({ length: size }, (_, i) => size - 1 - i).flatMap((place) =>
    shorter.map((order) => [...order.slice(0, place), size - 1, ...order.slice(place)]),
  );
}

const tables = new Map<number, Uint8Array>();

/** Drawn orders of so many in the block of that number, one after the other: made once, for all that is ever asked. */
function drawnOrders(size: number, block: number): Uint8Array {
  const key = size * groupsMost * 2 + block;
  let table = tables.get(key);
  if (table === undefined) {
    table = new Uint8Array(rounds * size);
    const random = seeded(key * 7919 + 1);
    for (let from = 0; from < table.length; from += size) {
      for (let i = 0; i < size; i++) {
        const j = Math.floor(random() * (i + 1));
        table[from + i] = table[from + j] ?? 0;
        table[from + j] = i;
      }
    }
    tables.set(key, table);
  }
  return table;
}
