/**
 * Options for factories that cannot be called without any and that no scenario uses yet. A part that a scenario uses needs no
 * entry: the scenario's own value is tested.
 */
export const samples: Readonly<Record<string, unknown>> = {
  'addresses-leaked': { nodes: 'workers' },
};
