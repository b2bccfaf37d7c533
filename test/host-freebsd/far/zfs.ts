import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { quote } from '#os/shell/quote.ts';
import { type Answer, type Call, type Dataset, failure, type World } from './world.ts';
import { promote } from './zfs-promote.ts';

/** zfs(8): datasets are directories, snapshots and clones copies of them. Texts as recorded (028 to 030, 079 to 081). */
export function zfs(call: Call): Answer {
	const [verb = '', ...words] = call.argv;
	const commands: Record<string, (world: World, words: readonly string[], call: Call) => Answer> = {
		create,
		snapshot,
		clone,
		destroy,
		rename,
		promote,
		list,
		get,
		mount,
		unmount: (world, rest) => unmount(world, rest),
		umount: (world, rest) => unmount(world, rest),
		set,
		inherit: (world, rest) => inherit(world, rest),
		send,
		receive,
		recv: receive,
	};
	return commands[verb]?.(call.world, words, call) ?? failure(`unrecognized command '${verb}'`, 2);
}

/** Words that are no options, with the values of `-o`. */
function split(words: readonly string[]): { names: string[]; properties: Map<string, string>; flags: string } {
	const names: string[] = [];
	const properties = new Map<string, string>();
	let flags = '';
	for (let index = 0; index < words.length; index += 1) {
		const word = words[index] ?? '';
		if (word === '-o' || word === '-t' || word === '-d' || word === '-s' || word === '-S') {
			const value = words[++index] ?? '';
			if (word === '-o') properties.set(value.split('=')[0] ?? '', value.split('=').slice(1).join('='));
		} else if (word.startsWith('-')) flags += word.slice(1);
		else names.push(word);
	}
	return { names, properties, flags };
}

const parentOf = (name: string) => name.slice(0, name.lastIndexOf('/'));

function add(world: World, name: string, origin: string, properties = new Map<string, string>()): Dataset {
	const parent = world.datasets.get(parentOf(name));
	const mountpoint = `${parent?.mountpoint ?? world.root}/${name.slice(name.lastIndexOf('/') + 1)}`;
	const made = { name, mountpoint, mounted: true, origin, properties };
	world.datasets.set(name, made);
	mkdirSync(mountpoint, { recursive: true });
	return made;
}

function create(world: World, words: readonly string[]): Answer {
	const { names, flags, properties } = split(words);
	const name = names[0] ?? '';
	if (world.datasets.has(name)) return failure(`cannot create '${name}': dataset already exists`);
	if (!world.datasets.has(parentOf(name))) {
		if (!flags.includes('p')) return failure(`cannot create '${name}': parent does not exist`);
		const made = create(world, ['-p', parentOf(name)]);
		if (made.code) return failure(`cannot create '${name}': no such pool '${name.split('/')[0]}'`);
	}
	add(world, name, '', properties);
	return {};
}

/** Owners, times and hard links are those of the original, as in a clone. */
function copyTree(from: string, to: string): void {
	mkdirSync(to, { recursive: true });
	execFileSync('/bin/cp', ['-a', `${from}/.`, to]);
}

/** User properties are inherited. */
function userProperty(world: World, name: string, wanted: string): string {
	for (let at = name; at !== ''; at = at.includes('/') ? parentOf(at) : '') {
		const found = world.datasets.get(at)?.properties.get(wanted);
		if (found !== undefined) return found;
	}
	return '-';
}

function set(world: World, words: readonly string[]): Answer {
	const [assignment = '', name = ''] = words;
	const [property = '', ...value] = assignment.split('=');
	const found = world.datasets.get(name);
	if (!found) return failure(`cannot open '${name}': dataset does not exist`);
	found.properties.set(property, value.join('='));
	return {};
}

function inherit(world: World, words: readonly string[]): Answer {
	world.datasets.get(words.at(-1) ?? '')?.properties.delete(words.at(-2) ?? '');
	return {};
}

function snapshot(world: World, words: readonly string[]): Answer {
	const [name = ''] = split(words).names;
	const [dataset = '', tag = ''] = name.split('@');
	const found = world.datasets.get(dataset);
	if (!found) return failure(`cannot open '${dataset}': dataset does not exist`);
	if (world.snapshots.has(name)) return failure(`cannot create snapshot '${name}': dataset already exists`);
	const copy = `${world.root}/.snapshots/${dataset.replaceAll('/', '_')}@${tag}`;
	copyTree(found.mountpoint, copy);
	world.snapshots.set(name, copy);
	return {};
}

function clone(world: World, words: readonly string[]): Answer {
	const { names, properties } = split(words);
	const [origin = '', name = ''] = names;
	const files = world.snapshots.get(origin);
	if (!files) return failure(`cannot open '${origin}': dataset does not exist`);
	if (world.datasets.has(name)) return failure(`cannot create '${name}': dataset already exists`);
	if (!world.datasets.has(parentOf(name))) return failure(`cannot create '${name}': parent does not exist`);
	copyTree(files, add(world, name, origin, properties).mountpoint);
	return {};
}

function destroy(world: World, words: readonly string[]): Answer {
	const { names, flags } = split(words);
	const name = names[0] ?? '';
	if (name.includes('@')) return destroySnapshot(world, name);
	const found = world.datasets.get(name);
	if (!found) return failure(`cannot open '${name}': dataset does not exist`);
	const recursive = /[rR]/.test(flags);
	const below = [...world.datasets.keys()].filter((one) => one.startsWith(`${name}/`));
	const snapshots = [...world.snapshots.keys()].filter((one) => one.startsWith(`${name}@`));
	const clones = [...world.datasets.values()].filter(({ origin }) => snapshots.includes(origin));
	if (clones.length > 0 && !flags.includes('R'))
		return failure(
			`cannot destroy '${name}': filesystem has dependent clones\nuse '-R' to destroy the following datasets:\n${clones.map((one) => one.name).join('\n')}`,
		);
	if (!recursive && below.length + snapshots.length > 0)
		return failure(
			`cannot destroy '${name}': filesystem has children\nuse '-r' to destroy the following datasets:\n${[...below, ...snapshots].join('\n')}`,
		);
	if (world.mounts.some(({ target }) => target.startsWith(`${found.mountpoint}/`)))
		return failure(`cannot unmount '${found.mountpoint}': pool or dataset is busy`);
	for (const one of snapshots) destroySnapshot(world, one);
	for (const one of [...below, name]) world.datasets.delete(one);
	rmSync(found.mountpoint, { recursive: true, force: true });
	return {};
}

function rename(world: World, words: readonly string[]): Answer {
	const [from = '', to = ''] = split(words).names;
	const found = world.datasets.get(from);
	if (!found) return failure(`cannot open '${from}': dataset does not exist`);
	if (world.datasets.has(to)) return failure(`cannot rename '${from}': dataset already exists`);
	if (!world.datasets.has(parentOf(to))) return failure(`cannot rename '${from}': parent does not exist`);
	const { mountpoint } = add(world, to, found.origin, found.properties);
	copyTree(found.mountpoint, mountpoint);
	rmSync(found.mountpoint, { recursive: true, force: true });
	world.datasets.delete(from);
	const renamed = (snapshot: string) =>
		snapshot.startsWith(`${from}@`) ? `${to}${snapshot.slice(from.length)}` : snapshot;
	for (const [name, files] of [...world.snapshots])
		if (renamed(name) !== name) {
			world.snapshots.delete(name);
			world.snapshots.set(renamed(name), files);
		}
	for (const [name, one] of world.datasets) world.datasets.set(name, { ...one, origin: renamed(one.origin) });
	return {};
}

function destroySnapshot(world: World, name: string): Answer {
	const files = world.snapshots.get(name);
	if (!files) return failure('could not find any snapshots to destroy; check snapshot names.');
	if ([...world.datasets.values()].some(({ origin }) => origin === name))
		return failure(
			`cannot destroy '${name}': snapshot has dependent clones\nuse '-R' to destroy the following datasets:`,
		);
	rmSync(files, { recursive: true, force: true });
	world.snapshots.delete(name);
	return {};
}

function list(world: World, words: readonly string[]): Answer {
	const { names, properties, flags } = split(words);
	const depthAt = words.indexOf('-d');
	const depth = depthAt === -1 ? Number.POSITIVE_INFINITY : Number(words[depthAt + 1]);
	const typeAt = words.indexOf('-t');
	const types = typeAt === -1 ? 'filesystem' : (words[typeAt + 1] ?? '');
	const columns = ([...properties.keys()][0] ?? 'name,used,avail,refer,mountpoint').split(',');
	const roots = names.length > 0 ? names : ['zroot'];
	for (const root of roots)
		if (!world.datasets.has(root) && !world.snapshots.has(root))
			return failure(`cannot open '${root}': dataset does not exist`);
	const recursive = flags.includes('r') || depthAt !== -1;
	const all = [
		...(/filesystem|all/.test(types) || names.some((name) => name.includes('@')) ? world.datasets.keys() : []),
		...(/snap|all/.test(types) || names.some((name) => name.includes('@')) ? world.snapshots.keys() : []),
	].sort();
	const within = (name: string, root: string) => {
		if (name === root) return true;
		const rest = /^[/@]/.test(name.slice(root.length)) && name.startsWith(root) ? name.slice(root.length) : '';
		return recursive && rest !== '' && rest.split(/[/@]/).length - 1 <= depth;
	};
	const rows = all.filter((name) => roots.some((root) => within(name, root)));
	return {
		stdout: rows.map((name) => `${columns.map((column) => property(world, name, column)).join('\t')}\n`).join(''),
	};
}

function property(world: World, name: string, wanted: string): string {
	const dataset = world.datasets.get(name);
	const values: Record<string, string> = {
		name,
		type: dataset ? 'filesystem' : 'snapshot',
		mountpoint: dataset?.mountpoint ?? '-',
		mounted: dataset ? (dataset.mounted ? 'yes' : 'no') : '-',
		origin: dataset?.origin || '-',
		creation: '1795457019',
	};
	return values[wanted] ?? (wanted.includes(':') ? userProperty(world, name, wanted) : '0');
}

function get(world: World, words: readonly string[]): Answer {
	const rest = words.filter((word, index) => !word.startsWith('-') && words[index - 1] !== '-o');
	const [wanted = '', name = ''] = rest;
	if (!world.datasets.has(name) && !world.snapshots.has(name))
		return failure(`cannot open '${name}': dataset does not exist`);
	return { stdout: `${property(world, name, wanted)}\n` };
}

function mount(world: World, words: readonly string[]): Answer {
	const found = world.datasets.get(words.at(-1) ?? '');
	if (!found) return failure(`cannot open '${words.at(-1)}': dataset does not exist`);
	if (found.mounted) return failure(`cannot mount '${found.name}': filesystem already mounted`);
	found.mounted = true;
	return {};
}

function unmount(world: World, words: readonly string[]): Answer {
	const found = world.datasets.get(words.at(-1) ?? '');
	if (!found?.mounted) return failure(`cannot unmount '${words.at(-1)}': not currently mounted`);
	found.mounted = false;
	return {};
}

/** The stream is a tar archive of the files. */
function send(world: World, words: readonly string[]): Answer {
	const files = world.snapshots.get(words.at(-1) ?? '');
	if (!files) return failure(`cannot open '${words.at(-1)}': dataset does not exist`);
	return { run: `exec tar -cf - -C ${quote(files)} .` };
}

function receive(world: World, words: readonly string[]): Answer {
	const [target = ''] = split(words).names;
	const [name = '', tag] = target.split('@');
	if (world.datasets.has(name)) return failure(`cannot receive new filesystem stream: destination '${name}' exists`);
	const { mountpoint } = add(world, name, '');
	const after = tag === undefined ? '' : `; zfs snapshot ${quote(target)}`;
	return { run: `tar -xf - -C ${quote(mountpoint)}${after}` };
}
