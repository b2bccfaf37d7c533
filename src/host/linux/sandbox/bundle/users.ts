import { KleeneError } from '#errors/kleene-error.ts';
import { readInRoot } from '#os/linux/files/inroot.ts';

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

/**
 * Looks up `user[:group]`, names or numbers, in the container's own passwd and group files. A number needs no entry.
 *
 * @param root of the container's files on the host
 */
export function lookUp(root: string, user: string): Identity {
	const [name = '', group] = user === '' ? ['0'] : user.split(':', 2);
	const passwd = linesOf(root, '/etc/passwd');
	const entry = passwd.find((fields) => fields[0] === name) ?? passwd.find((fields) => fields[2] === name);
	const uid = entry === undefined ? parseId(name) : parseId(entry[2]);
	if (uid === undefined) throw noSuch(user, `its /etc/passwd has no user ${name}`);
	const home = entry?.[5] || (uid === 0 ? ROOT.home : '/');
	const groups = linesOf(root, '/etc/group');
	if (group !== undefined) return { uid, gid: groupId(groups, group, user), groups: [], home };
	const login = entry?.[0];
	const gid = entry === undefined ? 0 : (parseId(entry[3]) ?? 0);
	const more = groups.filter((fields) => login !== undefined && fields[3]?.split(',').includes(login));
	const ids = more.map((fields) => parseId(fields[2])).filter((id) => id !== undefined && id !== gid);
	return { uid, gid, groups: [...new Set(ids as number[])], home };
}

function groupId(groups: readonly string[][], group: string, user: string): number {
	const id = parseId(groups.find((fields) => fields[0] === group)?.[2] ?? group);
	if (id === undefined) throw noSuch(user, `its /etc/group has no group ${group}`);
	return id;
}

function linesOf(root: string, path: string): string[][] {
	const text = readInRoot(root, path) ?? '';
	return text.split('\n').map((line) => line.split(':'));
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
