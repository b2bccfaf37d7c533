import { chmodSync, chownSync, readFileSync } from 'node:fs';

/** Members may use the daemon. Where the host has no such group, only root may. */
const GROUP = 'kleene';

/** Opens a socket of root to the members of the group `kleene`. */
export function shareSocket(path: string): void {
	const group = process.getuid?.() === 0 ? groupId(readGroups(), GROUP) : undefined;
	if (group === undefined) return;
	chownSync(path, 0, group);
	chmodSync(path, 0o660);
}

/** @param groups lines of group(5) */
export function groupId(groups: string, name: string): number | undefined {
	const line = groups.split('\n').find((each) => each.startsWith(`${name}:`));
	const [, id] = /^[^:]*:[^:]*:(\d+):/.exec(line ?? '') ?? [];
	return id === undefined ? undefined : Number(id);
}

function readGroups(): string {
	try {
		return readFileSync('/etc/group', 'utf8');
	} catch {
		return '';
	}
}
