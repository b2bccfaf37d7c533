import { KleeneError } from '#errors/kleene-error.ts';
import type { LiveChange } from '#host/driver.ts';
import type { ObservedSandbox } from '#model/host/observed.ts';
import { isId } from '#model/ids.ts';
import type { Mount } from '#model/mount.ts';
import type { SandboxPart } from '#model/parts/sandbox.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import { parseJails } from '#os/freebsd/jail.ts';
import { countProcesses } from '#os/freebsd/ps.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { HandlerOptions, PartHandler } from '../handler.ts';
import { isTold, tell } from '../known.ts';
import type { Paths } from '../paths.ts';
import { refusal } from '../refusals.ts';
import type { Section } from '../section.ts';
import { unmountBelow } from '../storage/mounts.ts';
import { mountInside, requireSource } from '../storage/nullfs.ts';
import { confine, describeConfinement, release } from './confinement.ts';
import { tellEnd } from './ends.ts';
import { type Hooks, hooksOf, inside, onHost, runHooks, tryHooks } from './hooks.ts';
import { limit, ruleWords, unlimit } from './limits.ts';
import { awaitLog } from './log/log-writer.ts';
import { StateDirectory } from './run-directory.ts';
import { createJail, findJail, jailWords, removeJail, undoneOnFailure } from './stacks.ts';

/** Milliseconds. */
const DEFAULT_GRACE = 10_000;
/** Seconds. */
const AFTER_KILL = 10;

/**
 * `alive`: whether the jail `$jid` has a process, all of them into `$pids`; those that wait only for their parent to hear
 * of their end do not count. `end SIGNAL SECONDS`: whether none is left within that time after the signal. Those that are
 * started meanwhile are waited for, too, a few times.
 */
const FUNCTIONS = sh`alive() {
	pids=
	set -- $(ps -J "$jid" -o pid= -o state= 2>/dev/null)
	while [ $# -ge 2 ]; do
		case $2 in Z*) ;; *) pids="$pids $1" ;; esac
		shift 2
	done
	[ -n "$pids" ]
}
end() {
	pkill "-$1" -j "$jid" || [ $? != 1 ] || return 0
	rounds=5
	while alive; do
		[ "$rounds" -gt 0 ] || return 1
		rounds=$((rounds - 1))
		pwait -t "$2" $pids >/dev/null 2>&1 || [ $? != 124 ] || rounds=0
	done
}`;

/** Handler of the jail of a container, and of the end of its processes. They are started by `runner.ts`. */
export class FreebsdSandboxes implements PartHandler<'sandbox'> {
	readonly #paths: Paths;

	constructor(paths: Paths) {
		this.#paths = paths;
	}

	/** Sources of mounts may have gone since the container was created. */
	require({ mounts }: SandboxPart): Script | undefined {
		const sources = mounts.filter(({ type }) => type === 'nullfs').map(requireSource);
		return sources.length > 0 ? lines(...sources) : undefined;
	}

	/** A container that has processes is as it was made: nothing is looked up among its files while they can move them. */
	make(part: SandboxPart): Script {
		const made = part.spec.network === 'own' ? this.#makeInside(part) : this.#makeWithJail(part);
		// Before its processes: rules are about the name.
		return part.spec.limits ? lines(limit(part.container, part.spec.limits), made) : made;
	}

	/** Its jail was made before, with its stack. */
	#makeInside({ container, mounts, spec }: SandboxPart): Script {
		const made = isTold('made', container);
		if (mounts.length === 0 && !spec.confinement) return sh`${made} || jls -j ${container} jid >/dev/null`;
		return sh`${FUNCTIONS}
running=
if ! ${made}; then
	jid=$(jls -j ${container} jid)
	if alive; then running=yes; fi
fi
if [ -z "$running" ]; then
${undoneOnFailure(lines(...mounts.map((mount) => this.#unmount(container, mount)), release(this.#paths, container, spec)))}
${this.#mountAll(container, mounts)}
${confine(this.#paths, container, spec.confinement ?? {})}
trap - EXIT
fi`;
	}

	#makeWithJail({ container, spec, mounts }: SandboxPart): Script {
		return sh`${FUNCTIONS}
${findJail(container)}
jid=\${found%% *}
if [ -z "$found" ] || ! alive; then
${undoneOnFailure(this.#undoJail(container, spec))}
${createJail(this.#paths, container, spec)}
${this.#mountAll(container, mounts)}
${confine(this.#paths, container, spec.confinement ?? {})}
trap - EXIT
fi`;
	}

	#mountAll(container: string, mounts: readonly Mount[]): Script {
		const root = this.#paths.containerRoot(container);
		return lines(...mounts.map((mount) => mountInside(root, this.#resolve(mount))), sh`:`);
	}

	/** Works from whatever is left of it, and ends with nothing mounted below its root. */
	unmake({ container, spec }: SandboxPart, options: HandlerOptions): Script {
		const { grace = DEFAULT_GRACE } = options;
		const hooks = hooksOf(spec);
		const state = new StateDirectory(this.#paths.state());
		return sh`${FUNCTIONS}
killed=
if jid=$(jls -j ${container} jid 2>/dev/null); then
${lines(...tryHooks(hooks.prestop, onHost(hooks)))}
if alive; then
${endProcesses(container, hooks, grace)}
fi
${removeJail(container, spec.driver, options)}
${lines(...tryHooks(hooks.poststop, onHost(hooks)))}
else
	jid=
fi
${spec.limits ? unlimit(container, spec.limits) : sh`:`}
${unmountBelow(this.#paths.containerRoot(container))}
${release(this.#paths, container, spec)}
${tellEnd(state, container)}
${awaitLog(state.run(container))}
${state.forget(container)}
${tell('gone', container)}`;
	}

	describe(verb: 'make' | 'unmake', { container, spec, mounts }: SandboxPart): string[] {
		const root = this.#paths.containerRoot(container);
		const points = mounts.map(this.#resolve, this).map(({ source, destination, readOnly }) => {
			return { what: `${readOnly ? '-o ro ' : ''}${source} ${root}${destination}`, where: `${root}${destination}` };
		});
		if (verb === 'unmake')
			return [`pkill -TERM -j ${container}`, `jail -R ${container}`, ...points.map(({ where }) => `umount ${where}`)];
		const jail = spec.network === 'own' ? [] : [`jail -c ${jailWords(this.#paths, container, spec).join(' ')}`];
		const rules = ruleWords(container, spec.limits ?? {}).map((rule) => `rctl -a ${rule}`);
		return [
			...rules,
			...jail,
			...points.map(({ what }) => `mount -t nullfs ${what}`),
			...describeConfinement(this.#paths, container, spec.confinement),
		];
	}

	/** Jails below our root: whose name is an id, with the number of the jail while something runs in it. */
	readonly observation: Section<ObservedSandbox[]> = {
		script: sh`jls -v --libxo json
echo
ps -ax -o jid= -o state=`,
		parse: (output) => this.#parse(output),
	};

	#parse(output: string): ObservedSandbox[] {
		// The answer of jls is one line, and what comes after it is from ps.
		const end = output.indexOf('\n');
		const processes = countProcesses(output.slice(end + 1));
		const jails = parseJails(output.slice(0, end));
		return jails
			.filter(({ name, path }) => isId(name) && path === this.#paths.containerRoot(name))
			.map(({ name, jid }) => {
				// What runs in a jail of a jail is of the container, too.
				const within = jails.filter((jail) => jail.name === name || jail.name.startsWith(`${name}.`));
				const running = within.some((jail) => (processes.get(jail.jid) ?? 0) > 0);
				return { container: name, running, pid: running ? jid : 0 };
			});
	}

	#resolve(mount: Mount): Mount {
		if (mount.destination.includes('\n'))
			throw new KleeneError({
				code: 'INVALID_ARGUMENT',
				what: `cannot mount ${mount.source}`,
				why: 'its destination holds a line break',
				hint: 'choose another --mount destination',
			});
		return mount.type === 'volume' ? { ...mount, source: this.#paths.volume(mount.source) } : mount;
	}

	/** @returns undefined where there is nothing to change */
	modify(container: string, { hostname, permissions }: LiveChange): Script | undefined {
		const words = [...(hostname === undefined ? [] : [`host.hostname=${hostname}`]), ...permissions];
		const refused = refusal({
			code: 'HOST_FAILED',
			what: `cannot change settings of container ${container} while it runs`,
			why: sh`'jail(8) refused them: '"$words"`,
			hint: 'leave them out, or stop the container first',
			message: sh`"an error ocurred while updating the container: '/usr/sbin/jail' returned non-zero exitcode $code when attempting to modify the container '$words'"`,
		});
		if (words.length === 0) return undefined;
		return sh`words=$(jail -m name=${container} ${words} 2>&1) || { code=$?; ${refused}; }`;
	}

	/** Commands that jail(8) runs on the host after the start of the container; undefined: none. The runner runs `exec.start`. */
	afterStart(container: string, spec: SandboxSpec): Script | undefined {
		const hooks = hooksOf(spec);
		if (hooks.poststart.length === 0) return undefined;
		const output = `${this.#paths.run(container)}/poststart`;
		return lines(...runHooks(hooks.poststart, onHost(hooks), output));
	}

	#unmount(container: string, { destination }: Mount): Script {
		return sh`umount ${`${this.#paths.containerRoot(container)}${destination}`} 2>/dev/null || :`;
	}

	#undoJail(container: string, spec: SandboxSpec): Script {
		return sh`if jid=$(jls -j ${container} jid 2>/dev/null); then
${removeJail(container, spec.driver, {})}
fi
${unmountBelow(this.#paths.containerRoot(container))}
${release(this.#paths, container, spec)}`;
	}
}

/** Of the jail `$jid`: first they are asked from inside, then by SIGTERM, then they are killed. */
function endProcesses(container: string, hooks: Hooks, grace: number): Script {
	const left = refusal({
		code: 'HOST_FAILED',
		what: `cannot end the processes of container ${container}`,
		why: sh`'these do not end after SIGKILL: '"$(ps -J "$jid" -o pid= -o command= | tr '\\n\\t' '; ')"`,
		hint: 'they are blocked in the kernel by a disk or a network file system: fix that, then stop the container again',
	});
	const kill = sh`{ killed=yes; end KILL ${AFTER_KILL} || ${left}; }`;
	if (grace <= 0) return kill;
	const seconds = String(grace / 1000);
	return sh`${lines(...tryHooks(hooks.stop, sh`timeout --foreground -k 1 ${seconds} ${inside(hooks)}`))}
end TERM ${seconds} || ${kill}`;
}
