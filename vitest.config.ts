import { defineConfig } from 'vitest/config';

const minutes = (n: number) => n * 60_000;

export default defineConfig({
  test: {
    projects: [
      {
        // No Docker, no network, milliseconds: run while you type.
        test: {
          name: 'unit',
          include: [
            'bin/**/*.test.mjs',
            'harness/**/*.test.ts',
            'scenarios/**/*.test.ts',
            'manifests/**/*.test.ts',
            'images/**/*.test.ts',
            'test/support/**/*.test.ts',
            'test/contract/**/*.test.ts',
            'test/cli/**/*.test.ts',
            'test/vm/**/*.test.ts',
          ],
          testTimeout: 60_000,
        },
      },
      {
        // The measuring instrument on outages of known length: real time, so one after the other on an otherwise idle machine.
        test: {
          name: 'instrument',
          include: ['test/instrument/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: minutes(2),
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Real clusters in Docker.
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: minutes(15),
          hookTimeout: minutes(15),
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
