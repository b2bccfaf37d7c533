import { KleeneError } from '#errors/kleene-error.ts';
import { linesInRoot } from '#os/linux/files/inroot.ts';

/** Numeric identity of a process. */
export interface Identity {
	readonly uid: number;
	readonly gid: number;
	/** Groups beyond the primary one. */
	readonly groups: readonly number[];
	readonly home: string;
}

const ROOT: Identity = { uid: 0, gid: 0, groups: [], home: '/root' };
const LARGEST_ID = 2 ** 32 - 2;

/** Groups of one user; the kernel takes no more than 65536, and they are on a command line. */
const MOST_GROUPS = 1024;

/**
 * Looks up `user[:group]`, names or numbers, in the container's own passwd and group files. A number needs no entry.
 *
 * @param root of the container's files on the host
 * @throws KleeneError COMMAND_FAILED
 */
export async function lookUp(root: string, user: string): Promise<Identity> {
	const [name = '', group] = user === '' ? ['0'] : user.split(':', 2);
	const entry = await findUser(root, name).catch(unreadable(user));
	const uid = entry === undefined ? parseId(name) : parseId(entry[2]);
	if (uid === undefined) throw noSuch(user, `its /etc/passwd has no user ${name}`);
	const home = entry?.[5] || (uid === 0 ? ROOT.home : '/');
	const { id, ofUser } = await findGroups(root, group, entry?.[0]).catch(unreadable(user));
	if (group !== undefined) {
		const gid = parseId(id ?? group);
		if (gid === undefined) throw noSuch(user, `its /etc/group has no group ${group}`);
		return { uid, gid, groups: [], home };
	}
	if (ofUser.size > MOST_GROUPS) throw noSuch(user, `its /etc/group has the user in more than ${MOST_GROUPS} groups`);
	const gid = entry === undefined ? 0 : (parseId(entry[3]) ?? 0);
	return { uid, gid, groups: [...ofUser].filter((one) => one !== gid), home };
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
