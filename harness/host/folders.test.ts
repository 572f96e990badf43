import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stateDir } from './folders.ts';

it('finds the state folder by FIREDRILL_STATE, XDG_STATE_HOME and home, in this order', () => {
  expect(stateDir({ FIREDRILL_STATE: '/own', XDG_STATE_HOME: '/xdg' })).toBe('/own');
  expect(stateDir({ FIREDRILL_STATE: '', XDG_STATE_HOME: '/xdg' })).toBe('/xdg/firedrill');
  expect(stateDir({ XDG_STATE_HOME: 'relative' })).toBe(join(homedir(), '.local/state/firedrill'));
  expect(stateDir({})).toBe(join(homedir(), '.local/state/firedrill'));
});
