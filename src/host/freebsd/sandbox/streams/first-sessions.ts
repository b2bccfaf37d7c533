import type { Shell } from '#os/shell/shell.ts';
import { unreachable } from '../../batch.ts';
import { askOne } from '../../question.ts';
import { SessionStreams } from '../output.ts';
import type { StateDirectory } from '../run-directory.ts';
import { releaseInput } from './held-input.ts';
import { attachableSection, firstHasEnded, reattachScript } from './reattachment.ts';
import { SharedStreams } from './shared-streams.ts';

interface FirstSession {
	readonly shared: SharedStreams;
	readonly tty: boolean;
}

/** Sessions to first processes of containers, one for each however many are attached. */
export class FirstSessions {
	readonly #shell: Shell;
	readonly #state: StateDirectory;
	readonly #onOpened: (streams: SessionStreams, directory: string) => void;
	readonly #sessions = new Map<string, FirstSession>();

	/** @param onOpened called for a session that is opened here */
	constructor(shell: Shell, state: StateDirectory, onOpened: (streams: SessionStreams, directory: string) => void) {
		this.#shell = shell;
		this.#state = state;
		this.#onOpened = onOpened;
	}

	/** One that the process was started by. */
	add(container: string, streams: SessionStreams, tty: boolean): SharedStreams {
		const session = { shared: new SharedStreams(streams), tty };
		this.#sessions.set(container, session);
		void streams.ended.then(() => this.#sessions.get(container) === session && this.#sessions.delete(container));
		return session.shared;
	}

	/** One that there is, or a new one. @throws KleeneError CONTAINER_NOT_RUNNING, HOST_UNREACHABLE */
	async of(container: string): Promise<FirstSession> {
		return this.#sessions.get(container) ?? (await this.#open(container));
	}

	async #open(container: string): Promise<FirstSession> {
		const directory = this.#state.run(container);
		const found = await askOne(this.#shell, attachableSection(directory));
		if (found === undefined) throw firstHasEnded(container);
		const session = await this.#shell.open(reattachScript(directory, found)).catch((error: unknown) => {
			throw unreachable(error);
		});
		const streams = new SessionStreams(session, found, () => this.#endInput(directory));
		if ((await streams.begun()) !== undefined) throw firstHasEnded(container);
		this.#onOpened(streams, directory);
		return { shared: this.add(container, streams, found.tty), tty: found.tty };
	}

	/** Nobody sends any more. Where that cannot be told, the input ends with the container. */
	#endInput(directory: string): void {
		const section = { name: 'end of input', script: releaseInput(directory) };
		this.#shell.exchange([section], { repeatable: true }).catch(() => {});
	}
}
