import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Confinement } from '#model/container/options.ts';
import type { NameEntry } from '#model/host/host-names.ts';
import type { Mount } from '#model/mount.ts';
import { linesInRoot } from '#os/linux/files/inroot.ts';

interface Sources {
	/** Directory of the bundle. */
	readonly directory: string;
	/** Of the container, on the host. */
	readonly root: string;
	/** Text of the resolv.conf that Kleene has for it; undefined: that of its image counts. */
	readonly resolvConf: string | undefined;
}

interface Names extends Pick<Confinement, 'dns' | 'search'> {
	/** Lines of hosts(5) behind those of its image; none: that file is as it is. */
	readonly names: readonly NameEntry[];
}

/** Of an image without a hosts(5). */
const LOCALHOST = ['127.0.0.1\tlocalhost', '::1\tlocalhost'];

/**
 * Writes the hosts(5) and resolv.conf(5) of a container that has names or name servers of its own.
 *
 * @returns mounts over those of its image
 */
export async function writeNameFiles(
	{ names, dns, search }: Names,
	{ directory, root, resolvConf }: Sources,
): Promise<Mount[]> {
	const mounts: Mount[] = [];
	const put = (name: string, lines: readonly string[], readOnly = true) => {
		const source = join(directory, name);
		writeFileSync(source, lines.map((line) => `${line}\n`).join(''), { mode: 0o644 });
		mounts.push({ type: 'nullfs', source, destination: `/etc/${name}`, readOnly });
	};
	if (names.length > 0) {
		const before = await linesOf(root, '/etc/hosts');
		const lines = names.map((entry) => `${entry.address}\t${entry.names.join(' ')}`);
		// A container may add to it, until it ends.
		put('hosts', [...(before.length > 0 ? before : LOCALHOST), ...lines], false);
	}
	if (dns !== undefined || search !== undefined) {
		const before = resolvConf?.split('\n').filter((line) => line !== '') ?? (await linesOf(root, '/etc/resolv.conf'));
		const isReplaced = (line: string) =>
			(dns !== undefined && /^nameserver\s/.test(line)) || (search !== undefined && /^(search|domain)\s/.test(line));
		put('resolv.conf', [
			...(search === undefined || search.length === 0 ? [] : [`search ${search.join(' ')}`]),
			...before.filter((line) => !isReplaced(line)),
			...(dns ?? []).map((server) => `nameserver ${server}`),
		]);
	}
	return mounts;
}

async function linesOf(root: string, path: string): Promise<string[]> {
	const all: string[] = [];
	for await (const lines of linesInRoot(root, path)) all.push(...lines);
	return all.filter((line) => line !== '');
}
