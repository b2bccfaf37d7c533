import { type Script, sh } from '#os/shell/quote.ts';

/** How the network of a jail is configured from outside. */
export interface InsideTools {
	ifconfig(container: string, args: readonly string[]): Script;
	/** Without looking up names. */
	route(container: string, args: readonly string[]): Script;
	describe(tool: 'ifconfig' | 'route', container: string, args: readonly string[]): string;
}

/**
 * From FreeBSD 14 on the host's own tools do it; before, only those inside can, so the image must have them. What these
 * say is the word of the container.
 *
 * @param release major version of the host
 */
export function insideTools(release: number): InsideTools {
	const outside = release >= 14;
	return {
		ifconfig: (container, args) =>
			outside ? sh`ifconfig -j ${container} ${args}` : sh`jexec ${container} ifconfig ${args}`,
		route: (container, args) =>
			outside ? sh`route -j ${container} -n ${args}` : sh`jexec ${container} route -n ${args}`,
		describe(tool, container, args) {
			const words = args.join(' ');
			return outside ? `${tool} -j ${container} ${words}` : `jexec ${container} ${tool} ${words}`;
		},
	};
}
