import { open } from '#os/exec.ts';
import { HostShell, type Way } from './host-shell.ts';
import type { ShellOptions } from './shell.ts';

/** The shell of the machine that the daemon runs on: this way is never lost. */
class LocalWay implements Way {
	readonly startsClients = false;

	async ready(): Promise<void> {}

	start(shellArguments: readonly string[]): ReturnType<typeof open> {
		return open(['/bin/sh', ...shellArguments]);
	}

	lostBy(): boolean {
		return false;
	}

	onConnection(): void {}

	async close(): Promise<void> {}
}

export class LocalShell extends HostShell {
	constructor(options: ShellOptions = {}) {
		super(new LocalWay(), options);
	}
}
