import { statSync } from 'node:fs';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { HostProcess } from '#host/driver.ts';
import type { SandboxHooks } from '#model/sandbox.ts';
import { CommandError, type RunResult, run } from '#os/exec.ts';
import { within } from '#os/linux/netns.ts';
import { watchChanges } from '#os/watch.ts';
import type { Bundle } from './bundle/bundle.ts';
import type { Runner } from './runner.ts';

/** Stages at which commands run on the host. */
type HostStage = 'prestart' | 'poststart' | 'prestop' | 'poststop';

export interface HookOptions {
	/** Descriptor of the host's network namespace; undefined: the daemon's own. */
	readonly hostNamespace?: number;
	readonly log?: { warn(fields: object, message: string): void };
}

/**
 * Commands that go along with starting and stopping a container. Those at its start must succeed, those at its end are
 * tried: a container is stopped whatever they come to. Each stage is begun once per run, also when a daemon died in it.
 */
export class Hooks {
	readonly #runner: Runner;
	readonly #options: HookOptions;

	constructor(runner: Runner, options: HookOptions) {
		this.#runner = runner;
		this.#options = options;
	}

	async beforeStart(container: string, hooks: SandboxHooks | undefined): Promise<void> {
		if (hooks) await this.#onHost('prestart', container, hooks);
	}

	/** The commands inside belong to the session of the process; those on the host wait for them. */
	async afterStart(container: string, bundle: Bundle, process: HostProcess): Promise<void> {
		const hooks = hooksOf(bundle);
		if (!hooks || hooks.poststart.length === 0) return;
		if (hooks.start.length > 0 && !(await startHooksDone(bundle, process))) return;
		await this.#onHost('poststart', container, hooks);
	}

	/** @param inside whether there is time for the commands inside */
	async beforeStop(container: string, bundle: Bundle, inside: boolean): Promise<void> {
		const hooks = hooksOf(bundle);
		if (!hooks) return;
		if (bundle.once('prestop')) await this.#try(container, () => this.#onHost('prestop', container, hooks));
		if (inside && bundle.once('stop')) await this.#try(container, () => this.#inside(container, hooks));
	}

	/** Run after the last process has ended, for any reason, while the bundle still exists. */
	async afterStop(container: string, bundle: Bundle): Promise<void> {
		const hooks = hooksOf(bundle);
		if (!hooks || hooks.poststop.length === 0 || !bundle.once('poststop')) return;
		await this.#try(container, () => this.#onHost('poststop', container, hooks));
	}

	/** One after the other, up to the first that fails or does not end in time. A command is over when its output is. */
	async #onHost(stage: HostStage, container: string, hooks: SandboxHooks): Promise<void> {
		for (const command of hooks[stage]) {
			try {
				await this.#runOnHost(command, container, hooks.timeout * 1000);
			} catch (error) {
				throw hookFailed(stage, container, error);
			}
		}
	}

	async #runOnHost(command: string, container: string, timeout: number): Promise<void> {
		let running: Promise<RunResult> | undefined;
		// A process is born in the namespace that its parent is in: only its start has to be there.
		const start = () => {
			running = run(['/bin/sh', '-c', command], { timeout, env: { KLEENE_CONTAINER: container }, cwd: '/' });
		};
		if (this.#options.hostNamespace === undefined) start();
		else within(this.#options.hostNamespace, start);
		await running;
	}

	async #inside(container: string, hooks: SandboxHooks): Promise<void> {
		for (const command of hooks.stop) {
			const code = await this.#runner.runHook(container, command, hooks);
			if (code !== 0) throw hookFailed('stop', container, new Error(`'${command}' ended with exit code ${code}`));
		}
	}

	async #try(container: string, stage: () => Promise<void>): Promise<void> {
		await stage().catch((error: unknown) => {
			this.#options.log?.warn({ container, error: messageOf(error) }, 'a command at the end of a container failed');
		});
	}
}

/** As the sandbox was made, whatever is asked for now. */
function hooksOf(bundle: Bundle): SandboxHooks | undefined {
	return bundle.part()?.spec.hooks;
}

/** Waits until the commands before the process are done, or failed, which ends it. */
async function startHooksDone(bundle: Bundle, { ended }: HostProcess): Promise<boolean> {
	const isDone = () => statSync(bundle.started).size > 0;
	const { promise: done, resolve } = Promise.withResolvers<void>();
	const look = () => isDone() && resolve();
	const watcher = watchChanges(bundle.started, { every: 20, onChange: look });
	look();
	try {
		await Promise.race([done, ended]);
		return isDone();
	} finally {
		watcher.close();
	}
}

function hookFailed(stage: string, container: string, error: unknown): KleeneError {
	const said = error instanceof CommandError && error.stderr !== '' ? `: ${error.stderr}` : '';
	const reason = error instanceof CommandError ? `${error.argv[2]}: ${error.reason}` : messageOf(error);
	return new KleeneError({
		code: 'HOOK_FAILED',
		what: `cannot run exec.${stage} of container ${container}`,
		why: `${reason}${said}`.slice(0, 500),
		hint: 'correct the command ("klee container update -J ..." replaces all parameters), or give it longer by exec.timeout',
		cause: error,
	});
}
