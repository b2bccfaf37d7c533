/** Real sandboxes below a directory of their own, in network namespaces of their own. */
import {
	closeSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostProcess, ProcessEnd, RunRequest } from '#host/driver.ts';
import { Paths } from '#host/linux/paths.ts';
import { installInit } from '#host/linux/sandbox/bundle/bundle.ts';
import { LinuxSandboxes } from '#host/linux/sandbox/sandbox.ts';
import type { SandboxPart } from '#model/parts/sandbox.ts';
import type { ProcessSpec, SandboxSpec } from '#model/sandbox.ts';
import { createNamespace } from '#os/linux/netns.ts';
import { provideBusybox } from '#test/testbed/prepared/busybox.ts';
import { cgroupsOf } from '#test/testbed/snapshot.ts';

/** A root file system of nothing but busybox and the two files that name users. */
function makeRoot(root: string): void {
	for (const directory of ['bin', 'etc', 'dev', 'proc', 'sys', 'tmp', 'root'])
		mkdirSync(join(root, directory), { recursive: true });
	copyFileSync(provideBusybox(), join(root, 'bin/busybox'));
	for (const name of PROGRAMS) symlinkSync('busybox', join(root, 'bin', name));
	writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nana:x:1001:1002::/home/ana:/bin/sh\n');
	writeFileSync(join(root, 'etc/group'), 'root:x:0:\nana:x:1002:\ncrew:x:1003:bob,ana\n');
}

const PROGRAMS =
	'sh cat echo sleep id kill ls stty dd head seq grep ps mount true false env hostname wc tty ping ip touch nc mknod printf test cut tr unshare awk readlink'.split(
		' ',
	);

function which(program: string): string {
	const directories = `${process.env.PATH}:/usr/sbin:/usr/bin`.split(':');
	return directories.map((directory) => join(directory, program)).find((path) => existsSync(path)) ?? program;
}

export interface Ran {
	readonly end: ProcessEnd;
	readonly stdout: string;
	readonly stderr: string;
}

export class Fixture {
	readonly directory: string;
	readonly paths: Paths;
	readonly network: number;
	readonly tools = { conmon: which('conmon'), runtime: which(process.env.KLEENE_TEST_RUNTIME ?? 'runc') };
	sandboxes: LinuxSandboxes;
	readonly #containers: string[] = [];
	#next = 0;

	/** @param directory below the temporary directory, for tests of long paths */
	constructor(directory = '') {
		this.directory = mkdtempSync(join(tmpdir(), 'kleene-sandbox-'));
		this.paths = new Paths(join(this.directory, directory));
		mkdirSync(this.paths.root, { recursive: true });
		this.network = createNamespace();
		this.sandboxes = this.open();
	}

	open(): LinuxSandboxes {
		return new LinuxSandboxes({
			paths: this.paths,
			...this.tools,
			init: installInit(this.paths.root),
			stackOf: () => ({ path: `/proc/${process.pid}/fd/${this.network}`, owner: undefined }),
		});
	}

	/** A container's id, its root file system in place. */
	container(): string {
		const id = (process.pid * 100 + this.#next++).toString(16).padStart(12, '0').slice(-12);
		this.#containers.push(id);
		makeRoot(this.paths.containerRoot(id));
		return id;
	}

	part(container: string, process: Partial<ProcessSpec>, spec: Partial<SandboxSpec> = {}): SandboxPart {
		return {
			kind: 'sandbox',
			container,
			mounts: [],
			spec: {
				hostname: 'box',
				network: 'own',
				rawSockets: false,
				netAdmin: false,
				driver: 'disabled',
				parameters: [],
				...spec,
				process: { ...PROCESS, ...process },
			},
		};
	}

	/** Make, start, wait; the caller unmakes. */
	async first(part: SandboxPart, request: { input?: string } = {}): Promise<Ran> {
		await this.sandboxes.make(part);
		const process = await this.sandboxes.run({ kind: 'first', container: part.container, attach: true });
		return await outcome(process, request.input);
	}

	async exec(container: string, process: Partial<ProcessSpec>, request: Partial<RunRequest> = {}): Promise<Ran> {
		return await outcome(await this.start(container, process, request), undefined);
	}

	start(container: string, process: Partial<ProcessSpec>, request: Partial<RunRequest> = {}): Promise<HostProcess> {
		const execution = `e${this.#next++}`;
		const whole = { ...PROCESS, ...process };
		return this.sandboxes.run({
			kind: 'additional',
			container,
			execution,
			attach: true,
			process: whole,
			...request,
		} as RunRequest);
	}

	/** What waits at this gate goes on. */
	letGo(container: string, gate: string): void {
		writeFileSync(join(this.paths.containerRoot(container), 'tmp', gate), '');
	}

	isRunning(container: string): boolean {
		return this.sandboxes.observe().some((one) => one.container === container && one.running);
	}

	/** Ends what is left and removes everything. */
	async close(): Promise<void> {
		for (const { container } of this.sandboxes.observe())
			await this.sandboxes.unmake(this.part(container, {}), { grace: 0 });
		this.sandboxes.close();
		closeSync(this.network);
		rmSync(this.directory, { recursive: true, force: true });
		const left = cgroupsOf(this.#containers);
		if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
	}
}

const PROCESS: ProcessSpec = { argv: ['true'], env: [], user: '', tty: false, stdin: false };

export async function outcome(process: HostProcess, input?: string): Promise<Ran> {
	const said = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
	process.onOutput((stream, chunk) => said[stream].push(chunk));
	if (input !== undefined) process.write(Buffer.from(input));
	if (input !== undefined) process.endInput();
	const end = await process.ended;
	return { end, stdout: `${Buffer.concat(said.stdout)}`, stderr: `${Buffer.concat(said.stderr)}` };
}

/** For a shell in a container: waits until `letGo` is called for the gate of this name. */
export function waitingAt(gate: string): string {
	return `until [ -e /tmp/${gate} ]; do sleep 0.1; done`;
}

/** For a shell with a terminal: says `sized` once it has this size, which comes some time after it was asked for. */
export function waitingForSize(rows: number, columns: number): string {
	return `until [ "$(stty size)" = "${rows} ${columns}" ]; do sleep 0.1; done; echo si""zed`;
}

/** Resolves once the text came. */
export function until(process: HostProcess, text: string): Promise<string> {
	let all = '';
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(new Error(`no ${text} in ${all}`)), 30_000);
		process.onOutput((_stream, chunk) => {
			all += chunk;
			if (!all.includes(text)) return;
			clearTimeout(timer);
			resolve(all);
		});
	});
}
