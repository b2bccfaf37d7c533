import { type Script, sh } from '#os/shell/quote.ts';
import type { Section } from '../section.ts';

/** Method of configuring the network of a jail from outside. */
export interface InsideTools {
	ifconfig(container: string, args: readonly string[]): Script;
	/** Without looking up names. */
	route(container: string, args: readonly string[]): Script;
	describe(tool: 'ifconfig' | 'route', container: string, args: readonly string[]): string;
}

/** The programs of the host that take `-j JAIL`. */
export interface JailOptions {
	readonly ifconfig: boolean;
	readonly route: boolean;
}

/** Tries the option with a jail that never exists: a program that knows it says so, another one shows its usage. */
export const jailOptions: Section<JailOptions> = {
	script: sh`takes() { case $("$@" 2>&1) in *'illegal option'* | *'usage:'*) echo no ;; *) echo yes ;; esac; }
takes ifconfig -j 0 -l
takes route -j 0 -n get default`,
	parse(output) {
		const [ifconfig, route] = output.split('\n').map((line) => line === 'yes');
		return { ifconfig: ifconfig ?? false, route: route ?? false };
	},
};

/**
 * Configures jails with the tools of the host where they can. Others (before FreeBSD 14) leave it to those inside, so the
 * image must have them, and their output is the word of the container.
 */
export function insideTools(options: JailOptions): InsideTools {
	return {
		ifconfig: (container, args) =>
			options.ifconfig ? sh`ifconfig -j ${container} ${args}` : sh`jexec ${container} ifconfig ${args}`,
		route: (container, args) =>
			options.route ? sh`route -j ${container} -n ${args}` : sh`jexec ${container} route -n ${args}`,
		describe(tool, container, args) {
			const words = args.join(' ');
			return options[tool] ? `${tool} -j ${container} ${words}` : `jexec ${container} ${tool} ${words}`;
		},
	};
}
