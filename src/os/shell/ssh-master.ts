import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { refuseExhausted } from '#errors/exhaustion.ts';
import { nameOf } from '#inet/ssh-target.ts';
import { CommandError, type Opened, open, run } from '#os/exec.ts';
import { controlPath, exitCommand, masterCommand, type SshAccess } from './ssh-command.ts';
import { explainSsh, sshMissing } from './ssh-errors.ts';

/** Milliseconds for logging in: ssh itself limits only the connection. */
const LOGIN = 30_000;
const EXIT = 2000;

/**
 * One connection, held by an ssh of ours. Its own session is a `cat` on our pipe: when the daemon dies, however, the
 * pipe ends, and with it the connection.
 */
export class SshMaster {
	readonly #child: Opened;
	/** Why the connection ended. */
	readonly lost: Promise<string>;

	/** Throws KleeneError (HOST_UNREACHABLE, CONFIG_INVALID). */
	static async connect(access: SshAccess): Promise<SshMaster> {
		const path = controlPath(access);
		const hello = randomBytes(16).toString('hex');
		// One that is left of a daemon that was killed.
		await run(exitCommand(access), { codes: [0, 255], timeout: EXIT }).catch(() => {});
		rmSync(path, { force: true });
		try {
			const child = await open(masterCommand(access, ['/bin/sh', '-c', `echo ${hello}; exec cat`]));
			const said = collect(child);
			await ready(child, said, hello);
			return new SshMaster(child, said);
		} catch (error) {
			const refusal = refuseExhausted(`cannot reach ${nameOf(access.target)} over ssh`, error);
			if (refusal !== error) throw refusal;
			if (error instanceof CommandError) throw sshMissing(access.target, error);
			throw explainSsh(access.target, error instanceof NotReady ? error.message : String(error));
		}
	}

	private constructor(child: Opened, said: () => string) {
		this.#child = child;
		this.lost = child.exited.then((code) => said().trim() || `ssh ended with exit code ${code}`);
	}

	async close(): Promise<void> {
		this.#child.kill('SIGTERM');
		await this.#child.exited;
	}
}

class NotReady extends Error {}

function collect({ stderr }: Opened): () => string {
	let said = '';
	stderr.on('data', (chunk: Buffer) => {
		said = `${said}${chunk}`.slice(-4096);
	});
	return () => said;
}

/** Until the far side has answered. */
async function ready(child: Opened, said: () => string, hello: string): Promise<void> {
	const { promise, resolve, reject } = Promise.withResolvers<void>();
	let answer = '';
	child.stdout.on('data', (chunk: Buffer) => {
		// Who logs in may be greeted first.
		answer = `${answer}${chunk}`.slice(-4096);
		if (answer.includes(hello)) resolve();
	});
	child.stderr.once('close', async () => {
		await child.exited;
		reject(new NotReady(said() || answer));
	});
	const timer = setTimeout(() => reject(new NotReady(`no answer within ${LOGIN / 1000} s`)), LOGIN);
	try {
		await promise;
	} catch (error) {
		child.kill('SIGKILL');
		throw error;
	} finally {
		clearTimeout(timer);
	}
}
