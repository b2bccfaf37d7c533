import { dirname } from 'node:path';
import type { SandboxSpec } from '#model/sandbox.ts';
import { type Script, sh } from '#os/shell/quote.ts';

const MOMENTS = ['prestart', 'created', 'start', 'poststart', 'prestop', 'stop', 'poststop'] as const;
type Moment = (typeof MOMENTS)[number];

/** Commands of the `exec.` parameters of jail(8), in order; `start` and `stop` are for inside, the others for the host. */
export type Commands = { readonly [M in Moment]: readonly string[] };

export interface Hooks extends Commands {
	/** User of the processes inside. */
	readonly user: string;
	/** Seconds that each command on the host may take. */
	readonly timeout: number;
}

/** Default command of every base image; without the file in the image, no command runs. */
const STOP = '/bin/sh /etc/rc.shutdown';

interface WithHooks {
	readonly hooks?: Partial<Commands> & { readonly user?: string; readonly timeout?: number };
}

/** Seconds. */
const DEFAULT_TIMEOUT = 60;

/** Hooks of their own, or still among the parameters: there, the last word on `exec.stop` may be that there is none. */
export function hooksOf(spec: SandboxSpec): Hooks {
	const own = (spec as SandboxSpec & WithHooks).hooks;
	const find = (moment: Moment) => own?.[moment] ?? valuesOf(spec.parameters, `exec.${moment}`);
	const stopSaid = own?.stop || spec.parameters.some((parameter) => /^exec\.(no)?stop(=|$)/.test(parameter));
	return {
		prestart: find('prestart'),
		created: find('created'),
		start: find('start'),
		poststart: find('poststart'),
		prestop: find('prestop'),
		stop: stopSaid ? find('stop') : [STOP],
		poststop: find('poststop'),
		user: own?.user ?? 'root',
		timeout: own?.timeout ?? DEFAULT_TIMEOUT,
	};
}

/** The parameters that jail(8) is to have when it makes the jail: hooks are run here, when the network is there. */
export function withoutHooks(parameters: readonly string[]): string[] {
	return parameters.filter((parameter) => !MOMENTS.some((moment) => isOf(parameter, moment)));
}

function isOf(parameter: string, moment: Moment): boolean {
	return new RegExp(`^exec\\.(no)?${moment}(=|$)`).test(parameter);
}

function valuesOf(parameters: readonly string[], name: string): string[] {
	return parameters
		.filter((parameter) => parameter.startsWith(`${name}=`))
		.map((parameter) => parameter.slice(name.length + 1))
		.filter((value) => value !== '');
}

/** Before a command on the host. It alone is ended when it takes too long, not what it left in the background. */
export function onHost({ timeout }: Hooks): Script {
	return sh`timeout --foreground ${timeout} `;
}

/** Before a command inside the jail `$jid`. Root is no name that an image has to know. */
export function inside({ user }: Hooks): Script {
	return user === 'root' ? sh`jexec "$jid" ` : sh`jexec -U ${user} "$jid" `;
}

/**
 * Runs commands one after the other; the first that fails ends the step with what it said. Their output goes to a file:
 * a service that they leave behind holds on to it, and would hold the exchange.
 *
 * @param before from `onHost` or `inside`
 */
export function runHooks(commands: readonly string[], before: Script, output: string): Script[] {
	return commands.map(
		(command) => sh`mkdir -p ${dirname(output)}
${before}/bin/sh -c ${command} >${output} 2>&1 || {
	code=$?
	cat ${output} >&2
	printf '%s: exit code %s\\n' ${command} "$code" >&2
	exit 1
}
rm -f ${output}`,
	);
}

/** The same when nothing can be refused any more. */
export function tryHooks(commands: readonly string[], before: Script): Script[] {
	return commands.map((command) => sh`${before}/bin/sh -c ${command} >/dev/null 2>&1 || :`);
}
