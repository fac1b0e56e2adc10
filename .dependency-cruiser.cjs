/** The dependency directions of the project; ARCHITECTURE.md draws them. */
const workspaces = ['protocol', 'gateway', 'central', 'firmware-sim', 'test'];
const allowed = {
  protocol: ['protocol'],
  gateway: ['gateway', 'protocol'],
  central: ['central', 'protocol'],
  'firmware-sim': ['firmware-sim', 'protocol'],
};

/** Anything in protocol that knows bytes on a device's wire: an independent simulator must not see it. */
const SIMULATOR_MAY_SEE = 'ids|uuid-v7|credential|credential-hash|errors|clock|manual-clock|system-clock';

const workspaceRules = Object.entries(allowed).map(([from, to]) => ({
  name: `${from}-stays-in-its-direction`,
  severity: 'error',
  from: { path: `^${from}/` },
  to: { path: `^(${workspaces.filter((name) => !to.includes(name)).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...workspaceRules,
    {
      name: 'simulator-is-independent',
      comment: 'An encoder of its own is what catches codec mistakes.',
      severity: 'error',
      from: { path: '^firmware-sim/', pathNot: '\\.test\\.ts$' },
      to: { path: '^protocol/(src|dist)/', pathNot: `^protocol/(src|dist)/(${SIMULATOR_MAY_SEE})\\.` },
    },
    {
      name: 'drivers-see-only-protocol-and-their-context',
      severity: 'error',
      from: { path: '^gateway/src/drivers/', pathNot: '\\.test\\.ts$' },
      to: { path: '^gateway/src/', pathNot: '^gateway/src/(drivers/|feedback/signal\\.ts)' },
    },
    {
      name: 'store-knows-nothing-of-mqtt',
      severity: 'error',
      from: { path: '^gateway/src/store/', pathNot: '\\.test\\.ts$' },
      to: { path: '^gateway/src/(uplink|drivers|devices|transport)/' },
    },
    {
      name: 'uplink-knows-nothing-of-readers',
      severity: 'error',
      from: { path: '^gateway/src/uplink/', pathNot: '\\.test\\.ts$' },
      to: { path: '^gateway/src/(drivers|devices|transport)/' },
    },
    {
      name: 'biometrics-are-a-library',
      comment: 'The rest of the gateway uses them; they know nothing of it.',
      severity: 'error',
      from: { path: '^gateway/src/biometrics/', pathNot: '\\.test\\.ts$' },
      to: { path: '^gateway/src/', pathNot: '^gateway/src/biometrics/' },
    },
    {
      name: 'biometrics-have-few-users',
      comment:
        'Fingers are recognized in identify/ and enrolled in enrollment/; others know that it happens, not how.',
      severity: 'error',
      from: {
        path: '^gateway/src/',
        pathNot:
          '^gateway/src/(biometrics|identify|enrollment)/|^gateway/src/(config/schema|cli/finger-words)\\.ts$',
      },
      to: { path: '^gateway/src/biometrics/' },
    },
    {
      name: 'biometrics-do-no-input-or-output',
      comment:
        'Only cli/ and node/ know of files, threads and keys; the library also runs where there is no Node.',
      severity: 'error',
      from: {
        path: '^gateway/src/biometrics/',
        pathNot: '\\.test\\.ts$|^gateway/src/biometrics/(cli|node)/',
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'rules-are-pure',
      comment: 'A mark is a function of its inputs: no clock, no database, no I/O.',
      severity: 'error',
      from: { path: '^central/src/rules/', pathNot: '\\.test\\.ts$' },
      to: { path: '^central/src/', pathNot: '^central/src/rules/' },
    },
    {
      name: 'rules-do-no-input-or-output',
      comment:
        'Dates, zones and digests are calculations; any other library or built-in could look at the world.',
      severity: 'error',
      from: { path: '^central/src/rules/', pathNot: '\\.test\\.ts$' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'],
        pathNot: '^crypto$|(^|/)node_modules/(luxon|zod)/',
      },
    },
    {
      name: 'rules-read-no-clock',
      severity: 'error',
      from: { path: '^central/src/rules/', pathNot: '\\.test\\.ts$' },
      to: { path: '^protocol/(src|dist)/system-clock\\.' },
    },
    {
      name: 'dependencies-are-declared',
      comment:
        'Whatever another workspace happened to install is not there when this one is copied to a gateway.',
      severity: 'error',
      from: {
        path: '^(protocol|gateway|central|firmware-sim)/src/',
        pathNot: '\\.(test|test-support|fixture)\\.tsx?$',
      },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
    {
      name: 'protocol-is-pure',
      comment: 'No I/O and no Node built-in: contracts also run in a browser.',
      severity: 'error',
      from: { path: '^protocol/src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'everything-imported-can-be-found',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: ['^(?!node_modules/|.*/node_modules/).*(^|/)dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['rollcall-source', 'import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.json', '.d.ts'],
    },
  },
};
