import { existsSync } from 'node:fs';
import { KleeneError } from '#errors/kleene-error.ts';
import { run } from '#os/exec.ts';
import { listMounts } from '#os/linux/mounts.ts';

export interface ChosenRuntime {
	readonly name: 'crun' | 'runc';
	readonly version: string;
	/** Absolute path. */
	readonly path: string;
	/** Absolute path of conmon. */
	readonly conmon: string;
	/** Why a faster one was not taken, one line each. */
	readonly lacking: readonly string[];
}

const DIRECTORIES = ['/usr/bin', '/usr/local/bin', '/usr/sbin', '/usr/local/sbin', '/usr/libexec/podman'];

/** crun where it works (it starts containers in half the time), else runc. */
export async function chooseRuntime(): Promise<ChosenRuntime> {
	requireCgroups();
	const conmon = find('conmon');
	if (!conmon) throw missing('conmon');
	const crun = find('crun');
	const refusal = refusalByCrun();
	if (crun && !refusal) return { name: 'crun', version: await versionOf(crun), path: crun, conmon, lacking: [] };
	const runc = find('runc');
	if (!runc) throw missing('runc');
	const lacking = crun ? [`crun does not work here (${refusal}): runc is used`] : [];
	return { name: 'runc', version: await versionOf(runc), path: runc, conmon, lacking };
}

function find(program: string): string | undefined {
	return DIRECTORIES.map((directory) => `${directory}/${program}`).find((path) => existsSync(path));
}

/** crun refuses every operation where controllers of version 1 are mounted beside a version 2 hierarchy. */
function refusalByCrun(): string | undefined {
	const hybrid = existsSync('/sys/fs/cgroup/unified/cgroup.procs') && existsSync('/sys/fs/cgroup/memory');
	return hybrid ? 'cgroups in hybrid mode are not supported by it' : undefined;
}

async function versionOf(program: string): Promise<string> {
	const { stdout } = await run([program, '--version']);
	return /version:? (\d[\w.]*)/.exec(stdout)?.[1] ?? 'unknown';
}

/** No runtime starts anything without them. `ip netns exec` has a /sys of its own, in which they are not mounted. */
function requireCgroups(): void {
	if (listMounts().some(({ type, target }) => /^cgroup2?$/.test(type) && /^\/sys\/fs\/cgroup(\/|$)/.test(target)))
		return;
	throw new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot start kleened',
		why: 'no cgroups are mounted at /sys/fs/cgroup, as below "ip netns exec"',
		hint: 'start it without "ip netns exec", and name the network namespace: kleened --netns NAME',
	});
}

function missing(program: string): KleeneError {
	return new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot start kleened',
		why: `${program} is not installed`,
		hint: `install it, e.g. "apt-get install ${program}", or run "npm run setup"`,
	});
}
