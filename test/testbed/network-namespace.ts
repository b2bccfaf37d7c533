/** Named network namespaces, as `ip netns` knows them: `ip -n NAME link` shows what is inside. */
import { mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { outputOf } from './command.ts';

const FOLDER = '/run/netns';

function namespacePath(name: string): string {
	return `${FOLDER}/${name}`;
}

/**
 * Makes an empty one with its loopback interface up. Done without `ip netns add`, which turns /run/netns into a mount
 * point that stays: the machine is to be as before.
 */
export async function createNamespace(name: string): Promise<void> {
	try {
		makeFile(name);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
		// Another test removed the folder, empty as it was, before there was anything of ours in it.
		makeFile(name);
	}
	await outputOf(['unshare', `--net=${namespacePath(name)}`, 'ip', 'link', 'set', 'lo', 'up']);
}

function makeFile(name: string): void {
	mkdirSync(FOLDER, { recursive: true });
	writeFileSync(namespacePath(name), '', { flag: 'wx' });
}

export async function removeNamespace(name: string): Promise<void> {
	await outputOf(['umount', namespacePath(name)]).catch(() => undefined);
	rmSync(namespacePath(name), { force: true });
	try {
		if (readdirSync(FOLDER).length === 0) rmdirSync(FOLDER);
	} catch {
		// Another test made one meanwhile, or /run/netns is a mount point of the machine's own.
	}
}

/** The words before a command that make it run inside. */
export function within(name: string): string[] {
	return ['nsenter', `--net=${namespacePath(name)}`];
}
