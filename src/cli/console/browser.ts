import type { ChildProcess } from 'node:child_process';

const { spawn } = process.getBuiltinModule('node:child_process');
const { mkdtempSync, rmSync, writeFileSync } = process.getBuiltinModule('node:fs');
const { tmpdir } = process.getBuiltinModule('node:os');
const { join } = process.getBuiltinModule('node:path');

/** Whether there is a desktop to open a browser on. */
export function hasDesktop(env: NodeJS.ProcessEnv = process.env, platform = process.platform): boolean {
	return platform === 'darwin' || Boolean(env.DISPLAY) || Boolean(env.WAYLAND_DISPLAY);
}

/**
 * Opens an address in the browser of the desktop, if there is one. The browser gets the name of a file that leads to it: everybody on the
 * machine can read the arguments of processes.
 *
 * @returns a function that removes the file
 */
export function openBrowser(address: string): () => void {
	const folder = mkdtempSync(join(tmpdir(), 'klee-console-'));
	const file = join(folder, 'console.html');
	const page = `<!doctype html><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url=${address}">\n`;
	writeFileSync(file, page, { mode: 0o600 });
	const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
	const child: ChildProcess = spawn(opener, [file], { stdio: 'ignore', detached: true });
	// Without it there is the address to open by hand.
	child.on('error', () => {});
	child.unref();
	return () => rmSync(folder, { recursive: true, force: true });
}
