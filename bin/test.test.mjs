import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('tells the line that was meant when npm kept a flag of npm test', () => {
  const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL('test.mjs', import.meta.url))], {
    env: { ...process.env, npm_lifecycle_event: 'test', npm_config_unit: 'true' },
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toMatch(/; type: npm run test -- --unit\n$/);
});
