/** How a process is started inside, by a shell that becomes it. */
import { mergeEnv } from '#model/container.ts';
import type { ProcessSpec } from '#model/sandbox.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { StateDirectory } from './run-directory.ts';

const LARGEST_WINDOW = 1000;

export interface Launch {
	readonly state: StateDirectory;
	/** Directory of the log of the container. */
	readonly log: string;
	readonly container: string;
	/** Of an additional process; undefined: the first one. */
	readonly execution: string | undefined;
	/** Tells this run from every other. */
	readonly token: string;
	readonly process: ProcessSpec;
	readonly attach: boolean;
	readonly size: { readonly rows: number; readonly columns: number } | undefined;
	/** Commands for /bin/sh inside, before the process, and who runs them. */
	readonly before: readonly string[];
	readonly beforeUser: string;
	/** Keep the environment of the host (`exec.clean=false`). */
	readonly inheritsEnv: boolean;
	/** Of `ulimitCommands`, for a first process. */
	readonly ulimits: string;
	/** Users are those of the host (`exec.system_jail_user`). */
	readonly hostUsers: boolean;
	/** Bytes of a file of its log; absent: the usual. */
	readonly logLimit?: number;
	/** Milliseconds after which it is killed; absent: never. */
	readonly timeout?: number;
}

export function directoryOf({ state, container, execution }: Launch): string {
	return execution === undefined ? state.run(container) : state.execution(container, execution);
}

/** Of every process of the container, for those that are started later. */
export function keepSettings(launch: Launch): Script {
	const directory = directoryOf(launch);
	const limits = launch.ulimits === '' ? sh`:` : sh`echo ${launch.ulimits} >${directory}/ulimits`;
	return lines(sh`echo ${jexecFlags(launch)} >${directory}/jexec`, limits);
}

function jexecFlags({ inheritsEnv, hostUsers }: Launch): string {
	return `${inheritsEnv ? '' : '-l '}${hostUsers ? '-u' : '-U'}`;
}

/** Becomes the process, whose id is then that of this shell. */
export function startFile(launch: Launch): Script {
	const { state, container, process, size, before, beforeUser } = launch;
	const directory = directoryOf(launch);
	const [rows, columns] = [size?.rows ?? 0, size?.columns ?? 0].map(clampSize);
	return lines(
		sh`umask 022`,
		process.tty ? sh`tty >${directory}/tty` : sh`:`,
		process.tty && size !== undefined ? sh`stty rows ${rows!} columns ${columns!}` : sh`:`,
		sh`{ read -r flags <${state.run(container)}/jexec; } 2>/dev/null || flags=${'-l -U'}`,
		...before.map((command) => sh`jexec $flags ${beforeUser} ${container} /bin/sh -c ${command} || exit`),
		sh`echo $PPID >${directory}/timer; echo $$ >${directory}/pid`,
		sh`{ read -r limits <${state.run(container)}/ulimits; } 2>/dev/null || limits=`,
		sh`set -- ${inWorkdir(process)}`,
		sh`[ -z "$limits" ] || set -- /bin/sh -c "$limits"${'exec "$@"'} sh "$@"`,
		sh`exec jexec $flags ${process.user} ${container} /usr/bin/env ${environmentOf(launch)} "$@"`,
	);
}

/** jexec -l gives HOME, USER, SHELL, PATH and starts in the home, by passwd(5) and login.conf(5) of the jail. */
function environmentOf({ process, inheritsEnv }: Launch): string[] {
	const login = inheritsEnv ? [] : ['LANG=C.UTF-8'];
	return mergeEnv(login, process.tty ? ['TERM=xterm'] : [], process.env);
}

/** The -d of jexec(8) is not on every release. */
function inWorkdir({ workdir, argv }: ProcessSpec): readonly string[] {
	return workdir === undefined ? argv : ['/bin/sh', '-c', 'cd "$0" && exec "$@"', workdir, ...argv];
}

export function clampSize(n: number): number {
	return Math.min(Math.max(0, Math.trunc(n)), LARGEST_WINDOW);
}
