export interface TerminalSize {
	readonly rows: number;
	readonly columns: number;
}

/** Size of the terminal that shows the output; undefined where there is none or it does not say. */
export function terminalSize(): TerminalSize | undefined {
	const { isTTY, rows, columns } = process.stdout;
	return isTTY && rows > 0 && columns > 0 ? { rows, columns } : undefined;
}

/** @returns a function that ends the listening */
export function onResize(listener: (size: TerminalSize) => void): () => void {
	const handle = () => {
		const size = terminalSize();
		if (size) listener(size);
	};
	process.stdout.on('resize', handle);
	return () => process.stdout.off('resize', handle);
}

/**
 * Every key to the process, Ctrl-C and Ctrl-D too. A terminal left raw is unusable, so it is put back at every way out:
 * by the returned function, at exit, and thereby after an uncaught error.
 */
export function rawMode(): () => void {
	const { stdin } = process;
	if (!stdin.isTTY) return () => {};
	stdin.setRawMode(true);
	// The shell that klee was stopped for has set the terminal as it needs it.
	const again = () => {
		stdin.setRawMode(false);
		stdin.setRawMode(true);
	};
	const restore = () => {
		process.off('exit', restore);
		process.off('SIGCONT', again);
		stdin.setRawMode(false);
	};
	process.on('exit', restore);
	process.on('SIGCONT', again);
	return restore;
}
