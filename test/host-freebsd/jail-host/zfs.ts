import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { CommandFailure, type HostState, type Say } from './state.ts';

/** zfs(8) on a `HostState`; the files of datasets are real directories at their mount points. */
export function zfs([verb = '', ...words]: readonly string[], state: HostState, say: Say, input: string): void {
	const target = words.at(-1) ?? '';
	const verbs: Record<string, () => unknown> = {
		list: () =>
			words.includes('-r')
				? listBelow(
						state,
						{ parents: words.slice(words.indexOf('filesystem') + 1), names: words.includes('name') },
						say,
					)
				: exists(state, target)
					? say(target)
					: missing(target),
		get: () => get(state, words, say),
		create: () => create(state, target, '-', optionOf(words)),
		set: () => set(state, words),
		snapshot: () => snapshot(state, target),
		clone: () => clone(state, words),
		mount: () => Object.assign(dataset(state, target), { mounted: true }),
		send: () => say(target),
		receive: () => receive(state, input.trim(), target),
		rename: () => (target.includes('@') ? renameSnapshot : rename)(state, words[0] ?? '', target),
		promote: () => promote(state, target),
		destroy: () => destroy(state, words[0]?.startsWith('-') ? words[0] : '', target),
	};
	verbs[verb]?.();
}

function fail(text: string): never {
	throw new CommandFailure(text);
}

function missing(name: string): never {
	return fail(`cannot open '${name}': dataset does not exist`);
}

function exists(state: HostState, name: string): boolean {
	return name in state.datasets || state.snapshots.includes(name);
}

function dataset(state: HostState, name: string): HostState['datasets'][string] {
	return state.datasets[name] ?? missing(name);
}

function listBelow(
	state: HostState,
	{ parents, names }: { parents: readonly string[]; names: boolean },
	say: Say,
): void {
	for (const parent of parents) dataset(state, parent);
	for (const [name, { mountpoint, mounted }] of Object.entries(state.datasets))
		if (parents.some((parent) => name === parent || name.startsWith(`${parent}/`)))
			say(names ? name : [name, mountpoint, mounted ? 'yes' : 'no', user(state, name, 'kleene:made')].join('\t'));
}

function get(state: HostState, words: readonly string[], say: Say): void {
	const { origin, mountpoint, mounted } = dataset(state, words.at(-1) ?? '');
	const wanted = words.at(-2) ?? '';
	say({ origin, mountpoint, mounted: mounted ? 'yes' : 'no' }[wanted] ?? user(state, words.at(-1) ?? '', wanted));
}

function user(state: HostState, name: string, property: string): string {
	return state.datasets[name]?.user?.[property] ?? '-';
}

function set(state: HostState, [assignment = '', name = '']: readonly string[]): void {
	const [property = '', value = ''] = assignment.split('=');
	const one = dataset(state, name);
	one.user = { ...one.user, [property]: value };
}

/** The property that `-o` sets. */
function optionOf(words: readonly string[]): string {
	const at = words.indexOf('-o');
	return at === -1 ? '' : (words[at + 1] ?? '');
}

function create(state: HostState, name: string, origin: string, option = ''): void {
	if (exists(state, name)) fail(`cannot create '${name}': dataset already exists`);
	const parent = state.datasets[name.slice(0, name.lastIndexOf('/'))];
	if (!parent) fail(`cannot create '${name}': parent does not exist`);
	const mountpoint = `${parent.mountpoint}${name.slice(name.lastIndexOf('/'))}`;
	mkdirSync(mountpoint, { recursive: true });
	state.datasets[name] = { origin, mountpoint, mounted: true };
	if (option !== '') set(state, [option, name]);
}

function snapshot(state: HostState, name: string): void {
	dataset(state, name.split('@')[0] ?? '');
	if (exists(state, name)) fail(`cannot create snapshot '${name}': dataset already exists`);
	state.snapshots.push(name);
}

function clone(state: HostState, words: readonly string[]): void {
	const [from = '', to = ''] = words.slice(-2);
	if (!exists(state, from)) missing(from);
	create(state, to, from, optionOf(words));
	copy(state, from, to);
}

function receive(state: HostState, from: string, to: string): void {
	if (from === '') fail('cannot receive: failed to read from stream');
	create(state, to, '-');
	copy(state, from, to);
	state.snapshots.push(`${to}@${from.split('@')[1]}`);
}

function copy(state: HostState, from: string, to: string): void {
	const source = dataset(state, from.split('@')[0] ?? '').mountpoint;
	cpSync(source, dataset(state, to).mountpoint, { recursive: true, verbatimSymlinks: true });
}

function rename(state: HostState, from: string, to: string): void {
	const source = dataset(state, from);
	create(state, to, source.origin);
	const target = dataset(state, to);
	cpSync(source.mountpoint, target.mountpoint, { recursive: true, verbatimSymlinks: true });
	rmSync(source.mountpoint, { recursive: true });
	if (source.user) target.user = source.user;
	delete state.datasets[from];
	state.snapshots = state.snapshots.map((one) => (one.startsWith(`${from}@`) ? `${to}${one.slice(from.length)}` : one));
	for (const one of Object.values(state.datasets))
		if (one.origin.startsWith(`${from}@`)) Object.assign(one, { origin: `${to}${one.origin.slice(from.length)}` });
}

function renameSnapshot(state: HostState, from: string, to: string): void {
	if (!state.snapshots.includes(from)) missing(from);
	state.snapshots = state.snapshots.map((one) => (one === from ? to : one));
	for (const one of Object.values(state.datasets)) if (one.origin === from) one.origin = to;
}

/** The clone and what it is a clone of change places; snapshots up to that one go along. */
function promote(state: HostState, name: string): void {
	const clone = dataset(state, name);
	const [parent = '', taken] = clone.origin.split('@');
	if (taken === undefined) fail(`cannot promote '${name}': not a cloned filesystem`);
	const own = state.snapshots.filter((one) => one.startsWith(`${parent}@`));
	const going = own.slice(0, own.indexOf(clone.origin) + 1);
	for (const one of going) renameSnapshot(state, one, `${name}@${one.split('@')[1]}`);
	clone.origin = dataset(state, parent).origin;
	dataset(state, parent).origin = `${name}@${taken}`;
}

function destroy(state: HostState, flags: string, name: string): void {
	const clones = Object.values(state.datasets).filter(({ origin }) => origin === name || origin.startsWith(`${name}@`));
	if (clones.length > 0) fail(`cannot destroy '${name}': filesystem has dependent clones`);
	if (name.includes('@')) {
		if (!exists(state, name)) fail('could not find any snapshots to destroy; check snapshot names.');
		state.snapshots = state.snapshots.filter((one) => one !== name);
		return;
	}
	const { mountpoint } = dataset(state, name);
	const below = state.mounts.some(({ target }) => target.startsWith(`${mountpoint}/`));
	const busy = state.busy[mountpoint] ?? 0;
	if (below || (busy > 0 && !flags.includes('f'))) {
		fail(`cannot unmount '${mountpoint}': pool or dataset is busy`);
	}
	rmSync(mountpoint, { recursive: true });
	delete state.datasets[name];
	state.snapshots = state.snapshots.filter((one) => !one.startsWith(`${name}@`));
}
