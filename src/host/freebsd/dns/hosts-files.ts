/** Names of containers in /etc/hosts of each (docs/adr/012-names-in-hosts-files.md). */
import type { HostsFilePart, NetworkNamesPart } from '#model/parts/hosts-files.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import { IN_ROOT } from '../storage/inroot.ts';
import { blockOf, INSIDE, ownBlockOf, rewriteFromHost, tagOf } from './hosts-script.ts';

/** Seconds for the shell of a container to end. */
const PATIENCE = 3;

/** Writes /etc/hosts from the host, while the container has no processes. */
export class HostsFiles implements PartHandler<'hosts-file'> {
	readonly #paths: Paths;

	constructor(paths: Paths) {
		this.#paths = paths;
	}

	make({ container, own, networks }: HostsFilePart): Script {
		const block = `${own.length > 0 ? ownBlockOf(own) : ''}${networks.map(blockOf).join('')}`;
		return lines(IN_ROOT, rewriteFromHost(this.#paths.containerRoot(container), block));
	}

	/** Nothing: nobody reads the file of a container that does not run, and the next start replaces the lines. */
	unmake(): Script {
		return sh`:`;
	}

	describe(verb: 'make' | 'unmake', { container }: HostsFilePart): string[] {
		return verb === 'make' ? [`# names of its networks into ${this.#paths.containerRoot(container)}/etc/hosts`] : [];
	}
}

/**
 * Updates all members at the same time, each inside its jail. A member without /bin/sh, with a read-only file system, or that
 * has ended is skipped.
 */
export const networkNames: PartHandler<'network-names'> = {
	make: (part) => tell(part, blockOf(part)),
	unmake: (part) => tell(part, ''),
	describe(verb, { name, members }) {
		const where = `/etc/hosts of ${members.join(', ')}`;
		return [
			verb === 'make' ? `# names on network ${name} into ${where}` : `# names on network ${name} out of ${where}`,
		];
	},
};

function tell({ network, members }: NetworkNamesPart, block: string): Script {
	return sh`for jail in ${members}; do
	timeout ${PATIENCE} jexec "$jail" /bin/sh -c ${INSIDE.text} sh ${tagOf(network)} ${block} </dev/null >/dev/null 2>&1 &
done
wait`;
}
