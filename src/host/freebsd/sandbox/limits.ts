import type { ResourceLimits } from '#model/container/options.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../refusals.ts';

/**
 * Rules of rctl(8) by resource and action, in the jail's name: they may be there before the jail, and after it. A process that
 * goes beyond the memory is ended, as on Linux; processor time is in percent of one processor.
 */
const RULES: Readonly<Record<keyof ResourceLimits, string>> = {
	memory: 'memoryuse:sigkill',
	cpus: 'pcpu:deny',
	pids: 'maxproc:deny',
};

/** E.g. `jail:ID:maxproc:deny=100`. */
export function ruleWords(container: string, { memory, cpus, pids }: ResourceLimits): string[] {
	const rule = (name: keyof ResourceLimits, amount: number | undefined) =>
		amount === undefined ? [] : [`jail:${container}:${RULES[name]}=${amount}`];
	const percent = cpus === undefined ? undefined : Math.max(1, Math.round(cpus * 100));
	return [...rule('memory', memory), ...rule('cpus', percent), ...rule('pids', pids)];
}

/** Rules of an earlier run with the same resource and action are replaced; others of an administrator stay. */
export function limit(container: string, limits: ResourceLimits): Script {
	const refused = refusal({
		code: 'HOST_FAILED',
		what: `cannot limit the resources of container ${container}`,
		why: sh`'rctl(8) refused: '"$words"`,
		hint: 'set kern.racct.enable=1 in /boot/loader.conf and reboot',
	});
	const rules = ruleWords(container, limits);
	return lines(
		unlimit(container, limits),
		sh`for rule in ${rules}; do words=$(rctl -a "$rule" 2>&1) || ${refused}; done`,
	);
}

/** Rules that are not there are no error. */
export function unlimit(container: string, limits: ResourceLimits): Script {
	const names = (Object.keys(limits) as (keyof ResourceLimits)[]).map((name) => `jail:${container}:${RULES[name]}`);
	return sh`for rule in ${names}; do rctl -r "$rule" >/dev/null 2>&1 || :; done`;
}
