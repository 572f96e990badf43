// Lint for the whole project. Besides strict types it enforces the arrows of rooms.js: who may import whom.
import tseslint from 'typescript-eslint';
import { rooms } from './rooms.js';

/**
 * A room's imports. `no-restricted-imports` looks at what is written in the import, so the patterns are relative paths as
 * they appear in files of that room (`../engine/run.ts`, also one folder deeper).
 */
const forbid = (rooms, message) => ({
  group: rooms.flatMap((room) => [`**/${room}/**`, `**/${room}`]),
  message,
});

const arrows = (patterns, paths = []) => ({
  'no-restricted-imports': 'off',
  '@typescript-eslint/no-restricted-imports': ['error', { patterns, paths }],
});

/** How to mend a forbidden import, where something better can be said than which ones are not. */
const part = (room) =>
  `${room} see harness/model and what they are handed (Cluster, ProbeContext, DetectorContext): add what is missing to those interfaces instead of importing it.`;
const pure =
  'analysis and reporters are pure functions of stored events: take what you need from harness/model, or pass it in.';
const hints = {
  model: 'model imports nothing of ours: move the type into model, or the code out of it.',
  analysis: pure,
  reporters: pure,
  faults: part('faults'),
  detectors: part('detectors'),
  runbooks: part('runbooks'),
  probes: part('probes'),
  scenarios: 'a scenario is a declaration: it imports harness/model, faults, detectors, runbooks and probes only.',
};
const storedPlan = 'analysis and reporters read the stored plan, never a scenario file of today.';
const scenarioHints = {
  model: 'model imports nothing of ours: scenarios depend on model, not the other way round.',
  analysis: storedPlan,
  reporters: storedPlan,
  ...Object.fromEntries(
    ['faults', 'detectors', 'runbooks', 'probes'].map((room) => [
      room,
      `${room} know no scenario: take it as an option of the factory.`,
    ]),
  ),
};

const noTestSupport = forbid(['test'], 'test/ is for tests and benches: what the product needs belongs in harness/.');

/** What rooms.js says of a room, and what else holds in it. */
function patternsOf(room, more = []) {
  const not = Object.keys(rooms).filter((other) => other !== room && !rooms[room].includes(other));
  const hint =
    hints[room] ??
    `${room} may import ${rooms[room].join(', ')} only (rooms.js): move what both need into a room below both, as harness/host is.`;
  const cli = 'nothing imports cli: throw a FiredrillError or call onProgress, and cli prints it.';
  return [
    noTestSupport,
    forbid(
      not.filter((other) => other !== 'scenarios' && other !== 'cli'),
      hint,
    ),
    forbid(['cli'], hints[room] ?? cli),
    ...(room === 'scenarios'
      ? []
      : [forbid(['scenarios'], scenarioHints[room] ?? 'scenarios are loaded by cli and handed in.')]),
    ...more,
  ];
}
const packages = (regex, message) => ({ regex, message });
const oneFileOneThing = (room) =>
  packages(
    '^\\./(?!support/)',
    `files in ${room} never import one another: one file adds one thing; share code through harness/model or ./support/.`,
  );
const more = {
  model: [
    packages(
      '^(?!\\.{1,2}/|zod$)',
      'model is pure: of packages it may use zod only; whatever needs Node or a library belongs in another folder.',
    ),
  ],
  scenarios: [packages('^(?!\\.{1,2}/)', 'a scenario is a declaration: it imports no package and nothing of Node.')],
};

/** Rule sets by room; later entries win, so each is complete. Exported for the test that proves them. */
export const arrowRules = [
  ...Object.keys(rooms)
    .filter((room) => room !== 'cli')
    .map((room) => ({
      name: `arrows/${room}`,
      files: [room === 'scenarios' ? 'scenarios/**/*.ts' : `harness/${room}/**/*.ts`],
      ignores: ['**/*.test.ts'],
      rules: arrows(patternsOf(room, more[room])),
    })),
  ...['faults', 'detectors', 'runbooks', 'probes'].map((room) => ({
    name: `arrows/one-file-of-${room}`,
    files: [`harness/${room}/*.ts`],
    ignores: ['**/*.test.ts'],
    rules: arrows(patternsOf(room, [oneFileOneThing(room)])),
  })),
  {
    name: 'arrows/cli',
    files: ['harness/cli/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: arrows([noTestSupport]),
  },
  {
    name: 'arrows/only-cli-prints',
    files: ['harness/**/*.ts', 'scenarios/**/*.ts'],
    ignores: ['harness/cli/**', '**/*.test.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'exit', message: 'throw a FiredrillError; only harness/cli ends the process.' },
        { object: 'process', property: 'exitCode', message: 'return or throw; only harness/cli ends the process.' },
        { object: 'process', property: 'stdout', message: 'stdout belongs to harness/cli: return the text.' },
        { object: 'process', property: 'stderr', message: 'stderr belongs to harness/cli: call onProgress.' },
      ],
    },
  },
];

export default tseslint.config(
  // k6 scripts run in k6's own JavaScript engine; reports and build folders are output.
  {
    ignores: [
      'node_modules/',
      'docs/node_modules/',
      'docs/.vitepress/dist/',
      'docs/.vitepress/cache/',
      'reports/',
      'coverage/',
      '.firedrill/',
      'manifests/',
      'images/',
      'bench/results/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A forgotten await is the deadliest bug here.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // `for (;;)` says it better, but a loop that ends by return is no mistake.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // process.env['X']: the compiler asks for brackets (noPropertyAccessFromIndexSignature), this rule would take them away.
      '@typescript-eslint/dot-notation': 'off',
      '@typescript-eslint/no-invalid-void-type': ['error', { allowAsThisParameter: true }],
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportDefaultDeclaration',
          message: 'no default exports (renames go unnoticed); only scenarios and configuration files have one.',
        },
      ],
    },
  },
  {
    files: [
      'scenarios/*.ts',
      'harness/own/templates/*.ts',
      'test/cli/fixtures/scenarios/*.ts',
      'test/cluster/scenarios/*.ts',
      '*.config.ts',
      'vitest.config.ts',
    ],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: {
      // Fakes have to look like the real thing, and tests look into what they do not type.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: { sourceType: 'module', ecmaVersion: 2024 },
    rules: {
      eqeqeq: 'error',
      'no-undef': 'off',
      'prefer-const': 'error',
      'no-unused-vars': ['error', { args: 'none' }],
    },
  },
  ...arrowRules,
);
