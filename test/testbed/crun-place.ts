/** Where crun works: on this machine as it is, or with control groups of one version alone, laid out in a mount namespace. */
import { spawnSync } from 'node:child_process';
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmdirSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideBusybox } from './prepared/busybox.ts';

const CGROUPS = '/sys/fs/cgroup';
const CGROUP = `kleene-probe-${process.pid}`;

export interface CrunPlace {
	readonly name: string;
	/** Words before a command that take it there. */
	readonly words: readonly string[];
}

const namespace = (script: string) => ['unshare', '--mount', 'sh', '-c', `set -e; ${script}; exec "$@"`, 'sh'];

/** The controllers that are bound to version 1, without the hierarchy of version 2 beside them. */
const VERSION_1 = `new=$(mktemp -d); mount -t tmpfs none $new
	for place in /sys/fs/cgroup/*/; do
		name=$(basename $place); [ $name = unified ] && continue; mkdir $new/$name; mount --bind $place $new/$name
	done
	mount --rbind $new /sys/fs/cgroup; umount -l $new; rmdir $new`;

const PLACES: readonly CrunPlace[] = [
	{ name: 'as this machine is', words: [] },
	{ name: 'version 2 of control groups alone', words: namespace('mount -t cgroup2 none /sys/fs/cgroup') },
	{ name: 'version 1 of control groups alone', words: namespace(VERSION_1) },
];

/** @returns the first place in which it runs a container, or why there is none */
export function placeForCrun(): CrunPlace | string {
	const folder = mkdtempSync(join(tmpdir(), 'kleene-crun-'));
	try {
		writeBundle(folder);
		const refusals: string[] = [];
		for (const place of PLACES) {
			const refusal = tryIn(place, folder);
			if (refusal === undefined) return place;
			refusals.push(`${place.name}: ${refusal}`);
		}
		return `crun works nowhere here: ${refusals.join('; ')}`;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

function tryIn({ words }: CrunPlace, folder: string): string | undefined {
	const crun = ['crun', '--root', join(folder, 'state'), 'run', '--bundle', folder, `probe-${process.pid}`];
	const [file = '', ...args] = [...words, ...crun];
	const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: 'utf8', timeout: 20_000 });
	if (status === 0 && stdout === 'works\n') return undefined;
	removeCgroups();
	return error?.message ?? (stderr.trim() || `exit code ${status}`);
}

/** A failed crun leaves them. */
function removeCgroups(): void {
	const hierarchies = readdirSync(CGROUPS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
	for (const place of ['', ...hierarchies.map(({ name }) => name)]) {
		const cgroup = join(CGROUPS, place, CGROUP);
		if (existsSync(cgroup)) rmdirSync(cgroup);
	}
}

/** Of one static program, with the rule about devices that every container of Kleene has. */
function writeBundle(folder: string): void {
	for (const name of ['proc', 'dev']) mkdirSync(join(folder, 'root', name), { recursive: true });
	copyFileSync(provideBusybox(), join(folder, 'root/echo'));
	const config = {
		ociVersion: '1.0.2',
		process: { args: ['/echo', 'works'], cwd: '/', user: { uid: 0, gid: 0 }, env: [] },
		root: { path: 'root' },
		mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
		linux: {
			cgroupsPath: `/${CGROUP}`,
			resources: { devices: [{ allow: false, access: 'rwm' }] },
			namespaces: [{ type: 'pid' }, { type: 'mount' }],
		},
	};
	writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
}
