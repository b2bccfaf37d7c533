import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { CommandFailure, type HostState, type Say } from './state.ts';
import { zfs } from './zfs.ts';

type Command = (words: readonly string[], state: HostState, say: Say, input: string) => void;

/** Commands of FreeBSD that act on a `HostState` and answer in the words of the recordings. */
export const COMMANDS: Readonly<Record<string, Command>> = {
	zfs,
	mount,
	umount,
	jls,
	jail,
	jexec: ([who], state) => void (find(state, who) ?? fail(`jexec: jail "${who}" not found`)),
	ps,
	pkill,
	pwait: (_words, { jails }) =>
		Object.values(jails).some(({ processes }) => processes > 0) ? fail('pwait: they go on') : undefined,
	ifconfig: ([first], { interfaces }, say) => (first === '-a' ? say(interfaces) : undefined),
	devfs: (words, { rulesets }, say) => (rulesets.includes(Number(words[2])) ? say('100 include 1') : undefined),
	fetch,
	tar,
	sha256: ([, file = ''], _state, say) => say(createHash('sha256').update(readFileSync(file)).digest('hex')),
	rctl: () => {},
	uname: ([flag = ''], { release }, say) =>
		say({ '-s': 'FreeBSD', '-m': 'amd64', '-p': 'amd64', '-r': release }[flag] ?? `FreeBSD ${release} amd64`),
	'freebsd-version': (_, { release }, say) => say(release),
	sysctl: (_words, _state, say) => say('1'),
};

function fail(text: string): never {
	throw new CommandFailure(text);
}

function mount(words: readonly string[], state: HostState, say: Say): void {
	if (words[0] === '--libxo') {
		const mounted = state.mounts.map(({ source, target, type }) => ({ special: source, node: target, fstype: type }));
		say(JSON.stringify({ mount: { mounted } }));
		return;
	}
	if (words.length === 0) {
		for (const { source, target, type } of state.mounts) say(`${source} on ${target} (${type}, local)`);
		return;
	}
	const [source = '', target = ''] = words.slice(-2);
	if (!state.mountsFiles && statSync(source).isFile()) fail(`mount_nullfs: ${target}: Not a directory`);
	state.mounts.push({ source, target, type: 'nullfs' });
}

/** One that fails does not keep it from the others. */
function umount(words: readonly string[], state: HostState): void {
	const failures: string[] = [];
	for (const target of words.filter((word) => word !== '-f')) {
		try {
			umountOne(target, state);
		} catch (error) {
			failures.push((error as Error).message);
		}
	}
	if (failures.length > 0) fail(failures.join('\n'));
}

function umountOne(target: string, state: HostState): void {
	const index = state.mounts.findLastIndex((one) => one.target === target);
	if (index === -1) fail(`umount: ${target}: not a file system root directory`);
	const busy = state.busy[target] ?? 0;
	state.busy[target] = busy - 1;
	if (busy > 0) fail(`umount: unmount of ${target} failed: Device busy`);
	state.mounts.splice(index, 1);
}

function find(state: HostState, who = ''): [string, HostState['jails'][string]] | undefined {
	return Object.entries(state.jails).find(([key, { jid }]) => key === who || String(jid) === who);
}

function jls(words: readonly string[], state: HostState, say: Say): void {
	if (words[0] === '-v') {
		const jails = Object.entries(state.jails).map(([key, { jid, path }]) => ({
			jid,
			name: key,
			path,
			state: 'ACTIVE',
		}));
		say(JSON.stringify({ __version: '2', 'jail-information': { jail: jails } }));
		return;
	}
	const found = find(state, words[1]);
	if (!found) fail(`jls: jail "${words[1]}" not found`);
	say(
		words
			.slice(2)
			.map((word) => (word === 'path' ? found[1].path : String(found[1].jid)))
			.join(' '),
	);
}

function jail([verb = '', ...words]: readonly string[], state: HostState): void {
	if (verb === '-R') {
		const found = find(state, words[0]);
		if (!found) fail(`jail: "${words[0]}" not found`);
		delete state.jails[found[0]];
		return;
	}
	const value = (key: string) => words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1) ?? '';
	const unknown = words.find((word) => word.startsWith('allow.nonsense'));
	if (unknown) fail('jail: unknown parameter: allow.nonsense');
	if (state.jails[value('name')]) fail(`jail: "${value('name')}" already exists`);
	const jid = state.nextJid++;
	state.jails[value('name')] = { jid, path: value('path'), processes: 0, takesTerm: true, words };
	if (value('mount.devfs') === 'true')
		state.mounts.push({ source: 'devfs', target: `${value('path')}/dev`, type: 'devfs' });
}

function ps(words: readonly string[], state: HostState, say: Say): void {
	if (words[0] === '-ax') {
		say('    0 Is');
		for (const { jid, processes } of Object.values(state.jails)) if (processes > 0) say(`    ${jid} S`);
		return;
	}
	const count = find(state, words[1])?.[1].processes ?? 0;
	if (count === 0) fail('');
	for (let index = 0; index < count; index++) say(`77${index} ${words.includes('command=') ? 'sleep' : 'S'}`);
}

function pkill([signal, , who]: readonly string[], state: HostState): void {
	const found = find(state, who)?.[1];
	if (!found || found.processes === 0) fail('');
	if (signal === '-KILL' || found.takesTerm) found.processes = 0;
}

function fetch(words: readonly string[], state: HostState, say: Say): void {
	const url = words.at(-1) ?? '';
	const file = state.served[url];
	if (file === undefined) fail(`fetch: ${url}: Not Found`);
	if (words[0] === '-s') say(String(statSync(file).size));
	else copyFileSync(file, words[words.indexOf('-o') + 1] ?? '');
}

/** bsdtar by GNU tar: it names entries on stderr and refuses those that would leave the directory. */
function tar(words: readonly string[], _state: HostState, say: Say): void {
	const [verb = '', archive = '', , , directory = ''] = words;
	if (!existsSync(archive)) fail(`tar: Error opening archive: Failed to open '${archive}'`);
	const list = spawnSync('/usr/bin/tar', ['-tPf', archive], { encoding: 'utf8' });
	if (list.status !== 0) fail('tar: Error opening archive: Unrecognized archive format');
	const entries = list.stdout.split('\n').filter((entry) => entry !== '');
	if (verb === '-tf') {
		for (const entry of entries) say(entry);
		return;
	}
	const bad = entries.filter((entry) => entry.split('/').includes('..'));
	const safe = entries.filter((entry) => !bad.includes(entry));
	spawnSync('/usr/bin/tar', ['-xf', archive, '-C', directory, '--no-recursion', ...safe]);
	for (const entry of entries) say(`x ${entry}${bad.includes(entry) ? ": Path contains '..': Unknown error: -1" : ''}`);
	if (bad.length > 0) fail('tar: Error exit delayed from previous errors.');
}
