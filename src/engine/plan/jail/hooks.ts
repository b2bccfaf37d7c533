import { KleeneError } from '#errors/kleene-error.ts';
import type { SandboxHooks } from '#model/sandbox.ts';
import { type Parameter, readSeconds, refuseParameter } from './syntax.ts';

const INSIDE = ['start', 'stop'] as const;
const ON_HOST = ['prestart', 'poststart', 'prestop', 'poststop'] as const;
type Stage = (typeof INSIDE)[number] | (typeof ON_HOST)[number];

/** Parameters that carry commands, and the one that limits their time. */
export const HOOK_PARAMETERS: readonly string[] = [...INSIDE, ...ON_HOST, 'timeout'].map((stage) => `exec.${stage}`);

/** Seconds. */
const DEFAULT_TIMEOUT = 60;

/** The commands among the parameters of a container, gathered one by one. */
export class HookCollector {
	readonly #commands = new Map<Stage, string[]>();
	#timeout = DEFAULT_TIMEOUT;

	/** As jail(8): each one given is another command, in order; `exec.nostop` drops those before it. */
	take(parameter: Parameter): void {
		const { name, text, value, negated } = parameter;
		if (name === 'exec.timeout') {
			this.#timeout = readSeconds(parameter);
			return;
		}
		const stage = name.slice('exec.'.length) as Stage;
		if (negated) this.#commands.set(stage, []);
		else if (value === undefined) throw refuseParameter(text, 'it needs a command', `write it as ${name}=COMMAND`);
		else this.#commands.set(stage, [...this.#of(stage), ...(value.trim() === '' ? [] : [value])]);
	}

	/** @param stop what is run at the stop of a container that says nothing about it */
	hooks(user: string, stop: readonly string[]): SandboxHooks {
		const [prestart, poststart, prestop, poststop] = ON_HOST.map((stage) => this.#of(stage)) as [
			string[],
			string[],
			string[],
			string[],
		];
		const inside = { start: this.#of('start'), stop: this.#commands.get('stop') ?? stop };
		return { prestart, poststart, prestop, poststop, ...inside, user, timeout: this.#timeout };
	}

	#of(stage: Stage): string[] {
		return this.#commands.get(stage) ?? [];
	}
}

/** Commands on the host are for daemons only whose configuration says so. */
export function requireHooksAllowed(hooks: SandboxHooks, allowHostHooks: boolean): void {
	const stage = ON_HOST.find((one) => hooks[one].length > 0);
	if (allowHostHooks || stage === undefined) return;
	throw new KleeneError({
		code: 'NOT_ALLOWED',
		what: `cannot use jail parameter 'exec.${stage}'`,
		why: 'it runs a command on the host as root, and this kleened does not allow that',
		hint: 'start kleened with --allow-host-hooks, or set "allow_host_hooks: true" in its configuration; exec.start and exec.stop run inside',
	});
}
