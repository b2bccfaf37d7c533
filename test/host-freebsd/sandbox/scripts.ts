import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, openSync, type ReadStream, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { Script } from '#os/shell/quote.ts';
import { type Answer, call, type StandInState } from '../network/stand-in.ts';

const PROGRAMS = ['ifconfig', 'jls', 'jail', 'jexec', 'route', 'sysctl'];
/** The lock is FreeBSD's; what it is held for is done. */
const LOCKF =
	'#!/bin/sh\nwhile :; do case $1 in -k) shift ;; -t) shift 2 ;; *) break ;; esac; done\nshift; exec "$@"\n';

export interface Outcome extends Answer {
	/** Command lines of this run, without those that only look. */
	readonly changes: readonly string[];
}

const LOOKS = /^(ifconfig (-f \S+ )?\S+|ifconfig -a|jls .*|sysctl -n .*|jexec \S+ (ifconfig -f .*|route -n get .*))$/;

/** A program that asks this process what to answer: it leaves its arguments, rings, and waits. */
function asking(folder: string, program: string): string {
	return `#!/bin/sh
n='${folder}'/$$
printf '%s\\n' ${program} "$@" >$n.ask
mkfifo $n.ready
echo $$ >'${folder}'/bell
read -r code <$n.ready
cat $n.out; cat $n.err >&2
exit $code
`;
}

/** A host on which scripts are run by the real /bin/sh, as an exchange runs them, against programs that stand in. */
export class ScriptHost {
	state: StandInState;
	/** Comes first on the PATH of scripts. */
	readonly folder: string;
	readonly #bell: ReadStream;

	private constructor(state: StandInState, folder: string, bell: ReadStream) {
		this.state = state;
		this.folder = folder;
		this.#bell = bell;
	}

	static async open(state: StandInState): Promise<ScriptHost> {
		const folder = mkdtempSync(join(tmpdir(), 'kleene-scripts-'));
		execFileSync('mkfifo', [join(folder, 'bell')]);
		// Opened for both, so that it is never at its end.
		const bell = createReadStream('', { fd: openSync(join(folder, 'bell'), 'r+') });
		const host = new ScriptHost(state, folder, bell);
		createInterface({ input: bell }).on('line', (pid) => host.#serve(pid));
		for (const name of PROGRAMS) host.install(name, asking(folder, name));
		host.install('lockf', LOCKF);
		return host;
	}

	/** Another program, or one in place of what stands in. */
	install(name: string, text: string): void {
		writeFileSync(join(this.folder, name), text, { mode: 0o755 });
	}

	/** What is in a file there. */
	read(name: string): string {
		return readFileSync(join(this.folder, name), 'utf8');
	}

	#serve(pid: string): void {
		if (pid === '') return;
		const file = (ending: string) => join(this.folder, `${pid}.${ending}`);
		const [program = '', ...args] = readFileSync(file('ask'), 'utf8').slice(0, -1).split('\n');
		const { code, stdout, stderr } = call(this.state, program, args);
		writeFileSync(file('out'), stdout);
		writeFileSync(file('err'), stderr);
		writeFileSync(file('ready'), `${code}\n`);
	}

	async run(script: Script): Promise<Outcome> {
		this.state.calls = [];
		const env = { PATH: `${this.folder}:/usr/bin:/bin`, LC_ALL: 'C' };
		const shell = spawn('/bin/sh', ['-c', '(set -e; eval "$1") </dev/null; exit $?', 'sh', script.text], { env });
		const [stdout, stderr, [code]] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')]);
		return { code: Number(code), stdout, stderr, changes: this.state.calls.filter((line) => !LOOKS.test(line)) };
	}

	async [Symbol.asyncDispose](): Promise<void> {
		writeFileSync(join(this.folder, 'bell'), '\n');
		this.#bell.destroy();
		rmSync(this.folder, { recursive: true });
	}
}
