/**
 * Which rooms (folders of harness/, and scenarios/) each room may import, those below it first: the one table. ESLint enforces it, and
 * CONTRIBUTING's is held against it by test/contract/arrows.test.ts.
 */
const parts = ['faults', 'detectors', 'runbooks', 'probes'];
export const rooms = {
  model: [],
  host: ['model'],
  distributions: ['model'],
  ...Object.fromEntries(parts.map((room) => [room, ['model']])),
  sampling: ['model'],
  load: ['model'],
  own: ['model', ...parts],
  registry: ['model', 'host'],
  cluster: ['model', 'host', 'distributions'],
  desk: ['model', 'host', 'cluster'],
  images: ['model', 'host'],
  setup: ['model', 'host', 'images'],
  analysis: ['model'],
  reporters: ['model', 'analysis'],
  alerts: ['model', 'host', 'cluster', 'analysis', 'reporters'],
  engine: [
    'model',
    'host',
    'distributions',
    'sampling',
    'load',
    'registry',
    'cluster',
    'desk',
    'images',
    'setup',
    'analysis',
    'reporters',
    'alerts',
  ],
  drill: ['model', 'host', 'desk', 'analysis', 'reporters', 'engine'],
  scenarios: ['model', ...parts],
};
rooms.cli = Object.keys(rooms);
