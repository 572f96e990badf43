import { seeded } from '../../harness/model/random.ts';
import type { ArmBlock, ArmBlocks } from '../../harness/analysis/observed.ts';

/** Up to where simulated times are watched, ms. */
export const simulatedHorizonMs = 240_000;

/** Draws a time in ms; undefined where it never comes. */
export type Draw = () => number | undefined;

/** Numbers that look like what trials give, from one seed. */
export interface Simulated {
  readonly random: () => number;
  readonly normal: () => number;
  /** 60 s ± 15 s; 60 s with a long tail that the horizon cuts; 60 s ± 15 s and never in one of five. */
  readonly draws: Readonly<Record<'normal' | 'long tail' | 'one in five never', Draw>>;
}

export function simulated(seed: number): Simulated {
  const random = seeded(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const usual = (): number => 60_000 + 15_000 * normal();
  return {
    random,
    normal,
    draws: {
      normal: usual,
      'long tail': () => {
        const time = 60_000 * Math.exp(0.7 * normal());
        return time < simulatedHorizonMs ? time : undefined;
      },
      'one in five never': () => (random() < 0.2 ? undefined : usual()),
    },
  };
}

/** A simulated arm: two times of each block, known to the millisecond and drawn one by one; those of an arm that never recovered are the horizon. */
export function simulatedArm(id: string, blocks: number, downtime: Draw, ttr: Draw): ArmBlocks {
  return {
    id,
    blocks: new Map(
      Array.from({ length: blocks }, (_, i): readonly [string, ArmBlock] => {
        const time = ttr();
        const at = Math.min(simulatedHorizonMs, Math.max(0, Math.round(time ?? simulatedHorizonMs)));
        const event = time !== undefined && at < simulatedHorizonMs;
        const down = Math.round(downtime() ?? simulatedHorizonMs);
        return [`block ${String(i + 1)}`, { downtimeMs: down, ttr: { event, lo: at, time: at, hi: at } }];
      }),
    ),
  };
}

/** The first so many blocks. */
export const upTo = (arm: ArmBlocks, blocks: number): ArmBlocks => ({
  ...arm,
  blocks: new Map([...arm.blocks].slice(0, blocks)),
});
