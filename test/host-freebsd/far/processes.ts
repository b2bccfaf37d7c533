import { readdirSync, readFileSync } from 'node:fs';
import { quote } from '#os/shell/quote.ts';
import { type Answer, type Call, failure, type World } from './world.ts';

/** Pids of this machine that run in a jail of the world, in order. */
export function processesOf(world: World, name: string, socket: string): number[] {
	const wanted = [...world.jails.values()].find((one) => one.name === name || `${one.jid}` === name)?.name ?? name;
	return readdirSync('/proc')
		.filter((entry) => /^\d+$/.test(entry))
		.map(Number)
		.filter((pid) => {
			const environment = environmentOf(pid);
			return environment.includes(`SIM_JAIL=${wanted}`) && environment.includes(`SIM_SOCKET=${socket}`);
		});
}

/** Empty for zombies and for what has ended. */
function environmentOf(pid: number): string[] {
	try {
		return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
	} catch {
		return [];
	}
}

/** A letter, as both systems have it for what runs, sleeps or is stopped. */
function stateOf(pid: number): string {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? 'Z';
	} catch {
		return 'Z';
	}
}

function jailOption(argv: readonly string[], flag: string): string {
	const at = argv.indexOf(flag);
	return at === -1 ? '' : (argv[at + 1] ?? '');
}

/** ps(1): `-J JAIL`, or every jailed process with `-ax`; columns as asked for with -o. Exit code as recorded (121). */
export function ps(call: Call, socket: string): Answer {
	const { world, argv } = call;
	// Of one process, or what each was started with: they are those of this machine.
	if (argv.includes('-p') || (argv.includes('command=') && !argv.includes('-J')))
		return { run: `exec /usr/bin/ps ${argv.map(quote).join(' ')}` };
	const only = jailOption(argv, '-J');
	const columns = argv
		.flatMap((word, index) => (argv[index - 1] === '-o' ? word.split(',') : []))
		.map((word) => word.replace(/=$/, ''));
	const jails = [...world.jails.values()].filter((one) => only === '' || one.name === only || `${one.jid}` === only);
	const rows = jails.flatMap((one) =>
		processesOf(world, one.name, socket).map((pid) => {
			const all: Record<string, string> = {
				pid: `${pid}`,
				ppid: '1',
				jid: `${one.jid}`,
				jail: one.name,
				state: stateOf(pid),
				command: 'x',
			};
			return columns.map((column) => all[column] ?? '-');
		}),
	);
	const host =
		only === '' && argv.some((word) => /^-\w*a/.test(word))
			? [columns.map((column) => (column === 'jid' ? '0' : '1'))]
			: [];
	const shown = [...host, ...rows];
	if (argv.includes('--libxo')) {
		const process = shown.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
		const body = shown.length === 0 ? '{ }' : JSON.stringify({ 'process-information': { process } });
		return { stdout: `${body}\n`, code: shown.length === 0 ? 1 : 0 };
	}
	const header = argv.some((word) => word.endsWith('=')) ? [] : [columns.map((column) => column.toUpperCase())];
	const lines = [...header, ...shown].map((row) => `${row.join(' ')}\n`);
	return { stdout: lines.join(''), code: shown.length === 0 ? 1 : 0 };
}

export function pgrep({ world, argv }: Call, socket: string): Answer {
	const pids = processesOf(world, jailOption(argv, '-j'), socket);
	const quiet = argv.some((word) => /^-\w*q/.test(word));
	return { stdout: quiet ? '' : pids.map((pid) => `${pid}\n`).join(''), code: pids.length === 0 ? 1 : 0 };
}

export function pkill({ world, argv }: Call, socket: string): Answer {
	const signal = argv.find((word) => /^-(?:[A-Z]+|\d+)$/.test(word))?.slice(1) ?? 'TERM';
	const file = argv.indexOf('-F');
	const pids = file === -1 ? processesOf(world, jailOption(argv, '-j'), socket) : [pidIn(argv[file + 1] ?? '')];
	for (const pid of pids) {
		try {
			process.kill(pid, /^\d+$/.test(signal) ? Number(signal) : `SIG${signal}`);
		} catch {
			// It ended meanwhile.
		}
	}
	return { code: pids.length === 0 ? 1 : 0 };
}

function pidIn(file: string): number {
	return Number.parseInt(readFileSync(file, 'utf8'), 10);
}

/** pwait(1): waits until all of these have ended, or with -t for so long. */
export function pwait({ argv }: Call): Answer {
	const at = argv.indexOf('-t');
	const limit = at === -1 ? '' : (argv[at + 1] ?? '');
	const pids = argv.filter((word, index) => /^\d+$/.test(word) && index !== at + 1);
	const alive = pids.map((pid) => `kill -0 ${pid} 2>/dev/null`).join(' || ');
	const tries = limit === '' ? -1 : Math.ceil(Number.parseFloat(limit) * 20);
	if (pids.length === 0) return failure('usage: pwait [-f] [-t timeout] [-ov] pid ...', 64);
	return { run: `n=${tries}; while ${alive}; do [ $n -ne 0 ] || exit 124; n=$((n - 1)); sleep 0.05; done; exit 0` };
}
