import { KleeneError } from '#errors/kleene-error.ts';
import type { ContainerOptions } from '#model/container/options.ts';

/** What an option is called in commands. */
export const FLAGS: Readonly<Record<keyof ContainerOptions, string>> = {
	memory: '--memory',
	cpus: '--cpus',
	pids: '--pids-limit',
	workdir: '--workdir',
	entrypoint: '--entrypoint',
	labels: '--label',
	restart: '--restart',
	readonly: '--read-only',
	tmpfs: '--tmpfs',
	capabilities: '--cap-add or --cap-drop',
	devices: '--device',
	sysctls: '--sysctl',
	ulimits: '--ulimit',
	hosts: '--add-host',
	dns: '--dns',
	search: '--dns-search',
	health: '--health-*',
	log: '--log-opt',
};

/** Refusal of a value of an option. */
export function refuse(option: keyof ContainerOptions, why: string, hint: string): KleeneError {
	return new KleeneError({ code: 'INVALID_ARGUMENT', what: `cannot use this ${FLAGS[option]}`, why, hint });
}
