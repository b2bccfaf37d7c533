import { execFileSync, spawn } from 'node:child_process';
import {
	chmodSync,
	createReadStream,
	existsSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	rmdirSync,
	rmSync,
	writeFileSync,
	writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { Paths } from '#host/freebsd/paths.ts';
import type { Script } from '#os/shell/quote.ts';
import { COMMANDS } from './stand-ins.ts';
import { CommandFailure, type HostState } from './state.ts';

/** Between the words of a request, and after the last one. */
const WORD = '\x1f';
const END = '\x1e';

export interface Outcome {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs scripts with a real /bin/sh, as `src/host/freebsd/batch.ts` does, where the commands of FreeBSD are stand-ins. */
export class JailHost {
	readonly directory: string;
	readonly paths: Paths;
	readonly state: HostState;
	readonly #bin: string;
	/** A FIFO that the stand-in commands write their words to; open for writing here, too, so that it never ends. */
	readonly #requests: number;
	#calls: string[] = [];

	/** @param bare without the root dataset and its three children */
	constructor(context: TestContext, bare = false) {
		this.directory = mkdtempSync(join(tmpdir(), 'jh-'));
		const name = this.directory.slice(this.directory.lastIndexOf('-') + 1);
		this.paths = new Paths(`zroot/kleene-${name}`, join(this.directory, `kleene-${name}`));
		this.#bin = join(this.directory, 'bin');
		mkdirSync(this.#bin);
		for (const command of Object.keys(COMMANDS)) this.#standIn(command);
		this.state = initialState(this.paths, this.directory, bare);
		execFileSync('mkfifo', [this.#fifo]);
		this.#requests = openSync(this.#fifo, 'r+');
		this.#serve();
		context.after(() => this.#remove());
	}

	get #fifo(): string {
		return join(this.directory, 'requests');
	}

	/** A node of its own for each command would take a hundred times as long. */
	#standIn(command: string): void {
		const path = join(this.#bin, command);
		const script = `#!/bin/sh
reply=${this.directory}/reply.$$
mkfifo "$reply"
input=
case "${command} $1" in "zfs receive") input=$(cat) ;; esac
printf '%s${WORD}' "$reply" "$input" ${command} "$@" '${END}' >${this.#fifo}
read -r code <"$reply"
cat "$reply.out"
cat "$reply.err" >&2
rm -f "$reply" "$reply.out" "$reply.err"
case "${command} $2" in "jexec /bin/sh") shift; [ "$code" != 0 ] || exec "$@" ;; esac
exit "$code"
`;
		writeFileSync(path, script);
		chmodSync(path, 0o755);
	}

	#serve(): void {
		let text = '';
		const stream = createReadStream('', { fd: this.#requests, encoding: 'utf8' });
		stream.on('data', (chunk) => {
			text += chunk;
			for (let end = text.indexOf(END); end !== -1; end = text.indexOf(END)) {
				const words = text.slice(0, end).split(WORD).slice(0, -1);
				text = text.slice(end + 2);
				if (words.length > 0) this.#answer(words);
				else stream.destroy();
			}
		});
	}

	#answer([reply = '', input = '', name = '', ...words]: readonly string[]): void {
		const call = [name, ...words].join(' ');
		this.#calls.push(call);
		let out = '';
		let err = '';
		let code = 0;
		try {
			for (const [start, message] of Object.entries(this.state.failing))
				if (call.startsWith(start)) throw new CommandFailure(message);
			COMMANDS[name]?.(
				words,
				this.state,
				(line) => {
					out += `${line}\n`;
				},
				input,
			);
		} catch (error) {
			code = 1;
			const message = error instanceof CommandFailure ? error.message : (error as Error).stack;
			err = message ? `${message}\n` : '';
		}
		// tar(1) names the entries that it extracts on its error output.
		const extracts = name === 'tar' && words[0] !== '-tf';
		writeFileSync(`${reply}.out`, extracts ? '' : out);
		writeFileSync(`${reply}.err`, extracts ? out + err : err);
		writeFileSync(reply, `${code}\n`);
	}

	/** As `batch.ts` does. */
	async run(script: Script): Promise<Outcome> {
		const env = { PATH: `${this.#bin}:/usr/bin:/bin`, LC_ALL: 'C' };
		const child = spawn('/bin/sh', ['-c', `( set -e\n${script.text}\n) </dev/null`], { env, timeout: 120_000 });
		let stdout = '';
		let stderr = '';
		child.stdout.on('data', (chunk) => {
			stdout += chunk;
		});
		child.stderr.on('data', (chunk) => {
			stderr += chunk;
		});
		const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1)));
		return { code, stdout, stderr };
	}

	change(how: (state: HostState) => void): void {
		how(this.state);
	}

	/** What was called since the last time this was asked, a line each. */
	calls(): string[] {
		return this.#calls.splice(0);
	}

	/** A complete layer with these files. @param made by which daemon */
	layer(id: string, files: Readonly<Record<string, string>> = { 'etc/rc': 'rc' }, made = this.paths.store): void {
		const place = this.paths.layer(id);
		for (const [path, content] of Object.entries(files)) {
			mkdirSync(dirname(join(place, path)), { recursive: true });
			writeFileSync(join(place, path), content);
		}
		this.change((state) => {
			state.datasets[this.paths.layerDataset(id)] = {
				origin: '-',
				mountpoint: place,
				mounted: true,
				user: { 'kleene:made': made },
			};
			state.snapshots.push(this.paths.layerSnapshot(id));
		});
	}

	#remove(): void {
		writeSync(this.#requests, END + WORD);
		rmSync(this.directory, { recursive: true, force: true });
		rmSync(this.paths.state(), { recursive: true, force: true });
		const shared = dirname(this.paths.state());
		try {
			if (existsSync(shared)) rmdirSync(shared);
		} catch {
			// Another test has its state there, too.
		}
	}
}

function initialState(paths: Paths, directory: string, bare: boolean): HostState {
	const datasets: HostState['datasets'] = { zroot: { origin: '-', mountpoint: directory, mounted: true } };
	for (const child of bare ? [] : ['', '/layer', '/container', '/volumes']) {
		const mountpoint = `${paths.mountPoint}${child}`;
		mkdirSync(mountpoint);
		datasets[`${paths.zfsRoot}${child}`] = { origin: '-', mountpoint, mounted: true };
	}
	const empty = { snapshots: [], mounts: [], jails: {}, busy: {}, served: {}, failing: {}, interfaces: '' };
	const host = { release: '13.2-RELEASE-p4', mountsFiles: false, rulesets: [1, 2, 3, 4, 5], nextJid: 1 };
	return { datasets, ...empty, ...host };
}
