import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilitiesOf } from './capabilities.ts';
import { type BundleRequest, ociConfig, ociProcess } from './oci-spec.ts';
import { seccompProfile } from './seccomp.ts';

const identity = { uid: 7, gid: 8, groups: [9, 10], home: '/home/seven', name: 'seven', shell: '/bin/s' };
const process = { argv: ['run', 'it'], env: ['A=1'], user: 'seven', tty: false, stdin: false };
const none = { rawSockets: false, netAdmin: false, parameters: [] };
const spec = { driver: 'disabled', hostname: 'box', network: 'own', ...none, process } as const;

interface Config {
	readonly linux: {
		readonly namespaces: object[];
		readonly resources: object;
		readonly readonlyPaths: string[];
		readonly uidMappings?: object;
		readonly gidMappings?: object;
	};
	readonly hooks?: { readonly createContainer?: readonly { readonly args: readonly string[] }[] };
	readonly mounts: { readonly destination: string; readonly options: string[] }[];
}

function config(network: 'own' | 'host', path: string | undefined, more: Partial<BundleRequest> = {}): Config {
	return ociConfig({
		spec: { ...spec, network },
		identity,
		root: '/r',
		mounts: [{ type: 'nullfs', source: '/s', destination: '/d', readOnly: true }],
		init: '/i',
		status: '/st',
		started: '/started',
		dev: '/empty',
		network: path,
		cgroup: '/kleene-x',
		...more,
	}) as Config;
}

test('networks: its own by path, the one given for the host, or the one that is there', () => {
	const network = (c: ReturnType<typeof config>) => c.linux.namespaces.find((n) => 'type' in n && n.type === 'network');
	assert.deepEqual(network(config('own', '/n')), { type: 'network', path: '/n' });
	assert.deepEqual(network(config('host', '/h')), { type: 'network', path: '/h' });
	assert.equal(network(config('host', undefined)), undefined);
});

test('settings of the network are opened where it is of the user namespace that is joined, and administered', () => {
	const netAdmin = { ...spec, driver: 'vnet', netAdmin: true } as const;
	const opened = (more: Partial<BundleRequest>) =>
		config('own', '/n', more).hooks?.createContainer?.map(({ args }) => args.at(-1));
	assert.deepEqual(opened({ owner: '/u', spec: netAdmin }), ['/r/proc/sys/net']);
	assert.equal(opened({ spec: netAdmin }), undefined);
	assert.equal(opened({ owner: '/u' }), undefined);
	const dropped = { ...netAdmin, confinement: { capabilities: { drop: ['NET_ADMIN'] } } };
	assert.equal(opened({ owner: '/u', spec: dropped }), undefined);
	assert.equal(opened({ owner: '/u', spec: { ...netAdmin, denied: ['reserved-ports'] } }), undefined);
});

test('a user namespace is joined with all ids, devices in it are read-only, and without one nothing of it is there', () => {
	const { linux: without } = config('own', '/n');
	const { linux } = config('own', '/n', { owner: '/u', bindOptions: (_, readOnly) => [`${readOnly}`] });
	assert.deepEqual(linux.namespaces.slice(-2), [
		{ type: 'user', path: '/u' },
		{ type: 'network', path: '/n' },
	]);
	for (const mapping of [linux.uidMappings, linux.gidMappings])
		assert.deepEqual(mapping, [{ containerID: 0, hostID: 0, size: 2 ** 32 - 1 }]);
	const added = linux.readonlyPaths.filter((path) => !without.readonlyPaths.includes(path));
	assert.deepEqual(
		added,
		['full', 'null', 'random', 'tty', 'urandom', 'zero'].map((name) => `/dev/${name}`),
	);
	assert.deepEqual([without.uidMappings, without.gidMappings], [undefined, undefined]);
	assert.ok(!without.namespaces.some((one) => (one as { type: string }).type === 'user'));
});

test('bind mounts have the options that they are given', () => {
	const { mounts } = config('own', '/n', { bindOptions: (source, readOnly) => [source, `${readOnly}`] });
	const options = (destination: string) => mounts.find((mount) => mount.destination === destination)?.options;
	assert.deepEqual(options('/d'), ['/s', 'true']);
	assert.deepEqual(options('/dev/.kleene/status'), ['/st', 'false']);
});

test('the init is read-only, mounts are as asked for, and no device is allowed beyond those the runtime adds', () => {
	const { mounts, linux } = config('own', '/n');
	const options = (destination: string) => mounts.find((mount) => mount.destination === destination)?.options;
	assert.deepEqual(options('/dev/.kleene/init'), ['bind', 'private', 'ro']);
	assert.deepEqual(options('/d'), ['bind', 'private', 'ro']);
	assert.ok(options('/sys')?.includes('ro'));
	assert.deepEqual(linux.resources, { devices: [{ allow: false, access: 'rwm' }] });
});

test('the init is told who the process is to be, and what is missing in its environment is added', () => {
	const first = ociProcess(spec, process, { identity, status: '/dev/.kleene/status' });
	assert.deepEqual((first as { args: string[] }).args, [
		'/dev/.kleene/init',
		'/dev/.kleene/status',
		'7',
		'8',
		'9,10',
		'6h',
		'run',
		'it',
	]);
	assert.equal((first as { cwd: string }).cwd, '/');
	const placed = ociProcess(spec, { ...process, workdir: '/srv' }, { identity });
	assert.deepEqual((placed as { args: string[] }).args[5], '6', 'no home');
	assert.equal((placed as { cwd: string }).cwd, '/srv');
	const tty = ociProcess(spec, { ...process, tty: true, env: ['HOME=/x', 'PATH=/y'] }, { identity });
	const { args, env } = tty as { args: string[]; env: string[] };
	assert.deepEqual(args.slice(1, 6), ['-', '7', '8', '9,10', '7h']);
	const login = ['PATH=/y', 'HOME=/x', 'USER=seven', 'SHELL=/bin/s', 'LANG=C.UTF-8'];
	assert.deepEqual(env, [...login, 'TERM=xterm']);
});

test('capabilities are no more than what was promised', () => {
	const least = capabilitiesOf({ rawSockets: false, netAdmin: false });
	assert.equal(least.length, 12);
	for (const never of [
		'CAP_MKNOD',
		'CAP_NET_RAW',
		'CAP_NET_ADMIN',
		'CAP_SYS_ADMIN',
		'CAP_SYS_MODULE',
		'CAP_SYS_PTRACE',
		'CAP_DAC_READ_SEARCH',
	])
		assert.ok(!least.includes(never), never);
	const added = (spec: { rawSockets: boolean; netAdmin: boolean }) =>
		capabilitiesOf(spec).filter((name) => !least.includes(name));
	assert.deepEqual(added({ rawSockets: true, netAdmin: false }), ['CAP_NET_RAW']);
	assert.deepEqual(added({ rawSockets: true, netAdmin: true }), ['CAP_NET_ADMIN', 'CAP_NET_RAW']);
});

test('system calls that leave a container are on no list', () => {
	for (const arch of ['x64', 'arm64'] as const) {
		const names = new Set(
			seccompProfile(arch)
				.syscalls.filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && !args)
				.flatMap((rule) => rule.names),
		);
		for (const never of 'mount umount2 pivot_root setns unshare clone clone3 bpf keyctl add_key kexec_load init_module open_by_handle_at perf_event_open userfaultfd reboot swapon ptrace_ io_uring_setup fsopen move_mount syslog'.split(
			' ',
		))
			assert.ok(!names.has(never), never);
		for (const needed of ['execve', 'openat', 'wait4', 'rt_sigreturn', 'exit_group', 'futex'])
			assert.ok(names.has(needed), needed);
	}
});

test('commands before the process are arguments of a shell, never its text, and a process that joins later has none', () => {
	const none = { prestart: [], poststart: [], prestop: [], stop: [], poststop: [] };
	const start = ['echo "$1"; exit', "it's; rm -rf /"];
	const hooked = { ...spec, hooks: { ...none, start, user: 'root', timeout: 60 } };
	const hookIdentity = { uid: 0, gid: 0, groups: [], home: "/ro'ot", name: 'r', shell: '/s' };
	const how = { identity, hookIdentity, status: '/dev/.kleene/status' };
	const { args } = ociProcess(hooked, process, how) as { args: string[] };
	assert.deepEqual(args.slice(0, 8), ['/dev/.kleene/init', '/dev/.kleene/status', '0', '0', '-', '0', '/bin/sh', '-c']);
	assert.deepEqual(args.slice(9, 13), ['sh', ...start, '']);
	assert.deepEqual(args.slice(13), ['/dev/.kleene/init', '-', '7', '8', '9,10', '6h', 'run', 'it']);
	for (const command of start) assert.ok(!args[8]?.includes(command));
	assert.ok(
		args[8]?.includes(`HOME='/ro'\\''ot' USER='r' SHELL='/s' '/dev/.kleene/init' '-' '0' '0' '-' '6h' /bin/sh -c "$1"`),
	);
	assert.deepEqual((ociProcess(hooked, process, { identity }) as { args: string[] }).args.slice(-2), ['run', 'it']);
	assert.equal((ociProcess(hooked, process, { identity }) as { args: string[] }).args.length, 8);
});

test('what is denied is taken from the process, and what is inherited stands below its own environment', () => {
	const denied = ['mlock', 'reserved-ports', 'sysvipc'] as const;
	const one = ociProcess({ ...spec, denied }, process, { identity, inherited: ['A=0', 'B=2'] });
	const { env, rlimits, capabilities } = one as {
		env: string[];
		rlimits: object;
		capabilities: { bounding: string[] };
	};
	assert.deepEqual(env.slice(-2), ['A=1', 'B=2']);
	assert.deepEqual(rlimits, [{ type: 'RLIMIT_MEMLOCK', soft: 0, hard: 0 }]);
	assert.ok(!capabilities.bounding.includes('CAP_NET_BIND_SERVICE'));
	const allowed = (sysvipc: boolean) => seccompProfile('x64', sysvipc).syscalls[0]!.names;
	const missing = allowed(true).filter((name) => !allowed(false).includes(name));
	assert.deepEqual(
		missing,
		'ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget'.split(
			' ',
		),
	);
});
