import { KleeneError } from '#errors/kleene-error.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import { linesInRoot } from '#os/linux/files/inroot.ts';

/** Identity of a process: numbers for the kernel, and what a login has beyond them. */
export interface Identity {
	readonly uid: number;
	readonly gid: number;
	/** Groups beyond the primary one. */
	readonly groups: readonly number[];
	readonly home: string;
	/** Login name; the number of a user without an entry. */
	readonly name: string;
	readonly shell: string;
}

const ROOT = { name: 'root', home: '/root' } as const;
const DEFAULT_SHELL = '/bin/sh';
/** Characters; PATH_MAX. */
const LONGEST_FIELD = 4096;
const LARGEST_ID = 2 ** 32 - 2;

/** Groups of one user; the kernel takes no more than 65536, and they are on a command line. */
const MOST_GROUPS = 1024;

/**
 * Looks up `user[:group]`, names or numbers, in the container's own passwd and group files. A number needs no entry, nor
 * does root, as an image may have no users.
 *
 * @param root of the container's files on the host
 * @throws KleeneError COMMAND_FAILED
 */
export async function lookUp(root: string, user: string): Promise<Identity> {
	const [name = '', group] = user === '' ? ['0'] : user.split(':', 2);
	const entry = await findUser(root, name).catch(unreadable(user));
	const uid = parseId(entry === undefined ? name.replace(/^root$/, '0') : entry[2]);
	if (uid === undefined) throw noSuch(user, `its /etc/passwd has no user ${name}`);
	const person = { uid, ...loginOf(uid, entry ?? []) };
	const { id, ofUser } = await findGroups(root, group, entry?.[0]).catch(unreadable(user));
	if (group !== undefined) {
		const gid = parseId(id ?? group);
		if (gid === undefined) throw noSuch(user, `its /etc/group has no group ${group}`);
		return { ...person, gid, groups: [] };
	}
	if (ofUser.size > MOST_GROUPS) throw noSuch(user, `its /etc/group has the user in more than ${MOST_GROUPS} groups`);
	const gid = entry === undefined ? 0 : (parseId(entry[3]) ?? 0);
	return { ...person, gid, groups: [...ofUser].filter((one) => one !== gid) };
}

/** Of an entry of passwd(5), or none. What fits into no environment has its default. */
function loginOf(uid: number, entry: readonly string[]): Pick<Identity, 'name' | 'home' | 'shell'> {
	const field = (index: number, fallback: string) => {
		const text = entry[index] ?? '';
		return text === '' || text.length > LONGEST_FIELD || text.includes('\0') ? fallback : text;
	};
	const root = uid === 0;
	return {
		name: field(0, root ? ROOT.name : `${uid}`),
		home: field(5, root ? ROOT.home : '/'),
		shell: field(6, DEFAULT_SHELL),
	};
}

/** Root directory with the users of a container. @param root of its own files */
export function usersOf({ hostUsers }: Pick<SandboxSpec, 'hostUsers'>, root: string): string {
	return hostUsers ? '/' : root;
}

/** The first entry of this name, else the first one of this number. */
async function findUser(root: string, name: string): Promise<string[] | undefined> {
	let numbered: string[] | undefined;
	for await (const lines of linesInRoot(root, '/etc/passwd'))
		for (const line of lines) {
			const fields = line.split(':', 7);
			if (fields[0] === name) return fields;
			if (fields[2] === name) numbered ??= fields;
		}
	return numbered;
}

interface Groups {
	/** Id of the first group of the name, as it is written there. */
	readonly id: string | undefined;
	/** Ids of the groups that list the user. */
	readonly ofUser: ReadonlySet<number>;
}

/** @param name of a group; undefined: those of the user alone are looked for @param login name of the user, if it has one */
async function findGroups(root: string, name: string | undefined, login: string | undefined): Promise<Groups> {
	const ofUser = new Set<number>();
	for await (const lines of linesInRoot(root, '/etc/group'))
		for (const line of lines) {
			const fields = line.split(':', 4);
			if (name !== undefined && fields[0] === name) return { id: fields[2], ofUser };
			if (name !== undefined || login === undefined || !fields[3]?.split(',').includes(login)) continue;
			const id = parseId(fields[2]);
			if (id !== undefined && ofUser.size <= MOST_GROUPS) ofUser.add(id);
		}
	return { id: undefined, ofUser };
}

function unreadable(user: string) {
	return (error: unknown): never => {
		throw error instanceof RangeError ? noSuch(user, error.message) : error;
	};
}

function parseId(text: string | undefined): number | undefined {
	if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
	const id = Number(text);
	return id <= LARGEST_ID ? id : undefined;
}

function noSuch(user: string, why: string): KleeneError {
	return new KleeneError({
		code: 'COMMAND_FAILED',
		what: `cannot run a process as ${user} in the container`,
		why,
		hint: 'name a user that exists inside the container, or use a numeric id',
	});
}
