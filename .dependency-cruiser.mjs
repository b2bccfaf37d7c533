// The import law of docs/ARCHITECTURE.md. CI runs it; every rule says why it is there.
const layer = (from, may, comment) => ({
	name: `${from.replace(/\W+/g, '-')}-imports`,
	severity: 'error',
	comment,
	from: { path: `^src/${from}/`, pathNot: '\\.test\\.ts$' },
	to: { path: '^src/', pathNot: [`^src/${from}/`, ...may.map((name) => `^src/${name}`)] },
});

/** What both real hosts may import. */
const TWIN = [
	'host/registry/',
	'host/driver\\.ts',
	'host/driver/',
	'host/process-streams\\.ts',
	'os/',
	'model/',
	'inet/',
	'errors/',
];

export default {
	forbidden: [
		{
			name: 'no-circular',
			severity: 'error',
			comment: 'a cycle cannot be read from either end',
			from: {},
			to: { circular: true },
		},
		layer('errors', [], 'every layer may throw, so errors know none'),
		layer('inet', [], 'addresses: below everything, also below the system layer'),
		layer('model', ['inet/', 'errors/'], 'nouns and their rules: readable without any machinery'),
		layer('api', ['model/', 'inet/', 'errors/'], 'the wire contract is shared by client and daemon'),
		layer('client', ['api/', 'inet/', 'errors/'], 'a client knows the wire and nothing behind it'),
		layer(
			'cli',
			['client/', 'api/', 'inet/', 'errors/'],
			'the command line is a user of the client, never of the engine',
		),
		layer('console', ['api/', 'inet/', 'errors/'], 'the page knows the API alone; a browser has no modules of Node'),
		layer('engine/plan', ['model/', 'inet/', 'errors/'], 'planning is pure'),
		layer(
			'engine',
			['host/driver[a-z-]*\\.ts', 'store/', 'model/', 'inet/', 'errors/'],
			'the engine knows hosts by their contract only',
		),
		layer('store', ['model/', 'inet/', 'errors/'], 'rows in, model values out'),
		layer('host/linux', TWIN, 'twins do not know each other'),
		layer('host/freebsd', TWIN, 'twins do not know each other'),
		layer(
			'host/registry',
			['host/driver\\.ts', 'os/', 'model/', 'inet/', 'errors/'],
			'images elsewhere are those of the machine of the daemon, whatever host it manages',
		),
		layer(
			'host/fake',
			['host/driver\\.ts', 'host/driver/', 'model/', 'inet/', 'errors/'],
			'the in-memory host obeys the contract alone',
		),
		layer('os', ['inet/', 'errors/'], 'thin and without policy: it does not know what a container is'),
		{
			name: 'daemon-imports',
			severity: 'error',
			comment: 'routes call operations; only main.ts and recover.ts may wire hosts and stores',
			from: { path: '^src/daemon/', pathNot: ['^src/daemon/(main|recover)\\.ts$', '\\.test\\.ts$'] },
			to: {
				path: '^src/',
				pathNot: ['^src/daemon/', '^src/api/', '^src/engine/', '^src/model/', '^src/inet/', '^src/errors/'],
			},
		},
		{
			name: 'plan-is-pure',
			severity: 'error',
			comment: 'no clock, no random, no I/O: the same input gives the same plan',
			from: { path: '^src/engine/plan/', pathNot: '\\.test\\.ts$' },
			to: { dependencyTypes: ['core', 'npm'] },
		},
		{
			name: 'console-is-for-browsers',
			severity: 'error',
			comment: 'the page is bundled for browsers; the schemas of the API are types there',
			from: { path: '^src/console/', pathNot: '\\.test\\.ts$' },
			to: { dependencyTypes: ['core'] },
		},
		{
			name: 'spawn-only-in-os-exec',
			severity: 'error',
			comment:
				'one place starts processes: argument arrays, timeouts, typed errors; the client has ssh, klee console a browser',
			from: {
				path: '^src/',
				pathNot: [
					'^src/os/exec\\.ts$',
					'^src/client/ssh/tunnel\\.ts$',
					'^src/cli/console/browser\\.ts$',
					'\\.test\\.ts$',
				],
			},
			to: { path: '^(node:)?child_process$' },
		},
		{
			name: 'sqlite-only-in-store',
			severity: 'error',
			comment: 'one folder knows that there is a database',
			from: { path: '^src/', pathNot: ['^src/store/', '\\.test\\.ts$'] },
			to: { path: '^(node:)?sqlite$' },
		},
		{
			name: 'koffi-only-in-os',
			severity: 'error',
			comment: 'foreign calls stay in the thin layer',
			from: { path: '^src/', pathNot: ['^src/os/', '\\.test\\.ts$'] },
			to: { path: 'node_modules/koffi' },
		},
		{
			name: 'no-dep-on-test',
			severity: 'error',
			comment: 'the program does not know its tests; demo and benchmark use their hosts',
			from: { path: '^(src|bin)/', pathNot: '\\.test\\.ts$' },
			to: { path: ['^test/', '\\.test\\.ts$'] },
		},
		{
			name: 'no-orphans',
			severity: 'error',
			comment: 'a file that nothing reads is dead',
			from: {
				orphan: true,
				pathNot: [
					'\\.test\\.ts$',
					'^(scripts|bin|test)/',
					'\\.d\\.ts$',
					'^src/(cli|daemon)/main\\.ts$',
					'^src/console/main\\.tsx$',
				],
			},
			to: {},
		},
		{
			name: 'no-drawers',
			severity: 'error',
			comment: 'utils, helpers, common and lib are names for not having decided',
			from: {},
			to: { path: '(^|/)(utils?|helpers?|common|lib)(\\.ts$|/)', pathNot: 'node_modules' },
		},
	],
	options: {
		doNotFollow: { path: 'node_modules' },
		tsPreCompilationDeps: true,
		tsConfig: { fileName: 'tsconfig.json' },
		enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
		reporterOptions: { dot: { collapsePattern: '^src/[^/]+(/(plan|linux|freebsd|fake))?' } },
	},
};
