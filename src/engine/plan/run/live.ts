import type { HostTraits } from '#model/host/traits.ts';
import type { Part } from '#model/part.ts';
import type { SandboxSpec } from '#model/sandbox.ts';

/** Settings of a sandbox that jail parameters decide. */
const SETTINGS = [
	'hostname',
	'domainname',
	'hooks',
	'denied',
	'inheritsEnv',
	'hostUsers',
	'noDevices',
	'rawSockets',
	'netAdmin',
	'parameters',
] as const;

/** Settings of a sandbox that options of the container decide. */
const OPTIONS = ['limits', 'confinement', 'logRoom'] as const;

/** Whether a sandbox with one specification would have to be started again to be as another one says. */
export function differsFrom(running: SandboxSpec, wanted: SandboxSpec): boolean {
	return SETTINGS.some((key) => JSON.stringify(running[key]) !== JSON.stringify(wanted[key]));
}

/** The same for the options of a container. */
export function optionsDiffer(running: SandboxSpec, wanted: SandboxSpec): boolean {
	return OPTIONS.some((key) => JSON.stringify(running[key]) !== JSON.stringify(wanted[key]));
}

/**
 * A running sandbox with those of its wanted settings that the host can change without a start: its host name, and with
 * jails the permissions that are said. One that is said no more has a default that only jail(8) knows.
 */
export function changedLive(running: SandboxSpec, wanted: SandboxSpec, traits: HostTraits): SandboxSpec {
	const renamed = { ...running, hostname: wanted.hostname };
	if (traits.jailParameters === 'mapped') return renamed;
	const said = new Set(wanted.parameters.filter(isPermission).map(permissionOf));
	const dropped = running.parameters.filter((one) => isPermission(one) && !said.has(permissionOf(one)));
	const rest = running.parameters.filter((one) => !isPermission(one));
	const parameters = [...rest, ...dropped, ...wanted.parameters.filter(isPermission)];
	const inOrder = parameters.toSorted().join('\n') === wanted.parameters.toSorted().join('\n');
	return { ...renamed, rawSockets: wanted.rawSockets, parameters: inOrder ? wanted.parameters : parameters };
}

/** Permissions whose value differs, as words for `jail -m`. */
export function changedPermissions(before: SandboxSpec, after: SandboxSpec): string[] {
	const raw = before.rawSockets === after.rawSockets ? [] : [`allow.raw_sockets=${after.rawSockets}`];
	return [...raw, ...after.parameters.filter((one) => isPermission(one) && !before.parameters.includes(one))];
}

function isPermission(parameter: string): boolean {
	return parameter.startsWith('allow.');
}

/** `allow.nosysvipc` and `allow.sysvipc=1` are about the same one. */
function permissionOf(parameter: string): string {
	return parameter.replace(/=.*$/s, '').replace(/\.no([^.]+)$/, '.$1');
}

/** The specification that a running container was started with, and changed to since. */
export function specAmong(parts: readonly Part[]): SandboxSpec | undefined {
	return parts.find((part) => part.kind === 'sandbox')?.spec;
}

/** The parts of a run with another specification. */
export function withSpec(parts: readonly Part[], spec: SandboxSpec): Part[] {
	return parts.map((part) =>
		part.kind === 'sandbox' || (part.kind === 'stack' && part.spec) ? { ...part, spec } : part,
	);
}
