import './adopted-style.ts';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Refusal } from '../daemon/refusal.ts';
import { OutputFlow } from './flow.ts';
import { ShellSession } from './session.ts';
import { followTheme } from './theme.ts';

type State =
	| { readonly kind: 'starting' | 'running' }
	| { readonly kind: 'ended'; readonly exitCode: number | undefined }
	| { readonly kind: 'failed'; readonly refusal: Refusal };

export interface TerminalPanelProps {
	/** Running; a name and an id. */
	readonly container: { readonly id: string; readonly name: string };
}

/** A shell in a container. It ends with the panel. */
export function TerminalPanel({ container }: TerminalPanelProps) {
	const [state, setState] = useState<State>({ kind: 'starting' });
	const [round, setRound] = useState(0);
	const place = useRef<HTMLDivElement>(null);
	const copyButton = useRef<HTMLButtonElement>(null);
	const terminal = useRef<Terminal>(null);

	// Each round has a terminal of its own.
	useEffect(() => {
		if (!place.current) return;
		const open = openTerminal(place.current, () => copyButton.current?.focus());
		terminal.current = open.terminal;
		const end = runShell(container.id, open, setState);
		return () => {
			end();
			open.close();
		};
	}, [container.id, round]);

	return (
		<section class="terminal-panel" aria-label={`Terminal in ${container.name}`}>
			<div class="panel-bar">
				<span class="terminal-state" role="status">
					{describe(state, container.name)}
				</span>
				<button type="button" ref={copyButton} onClick={() => void copySelection(terminal.current)}>
					Copy
				</button>
				{(state.kind === 'ended' || state.kind === 'failed') && (
					<button type="button" onClick={() => setRound(round + 1)}>
						Open again
					</button>
				)}
			</div>
			<div class="terminal-place" ref={place} />
			<p class="panel-note">Shift+Esc leaves the terminal. Ctrl+Shift+C copies, Ctrl+Shift+V pastes.</p>
		</section>
	);
}

function describe(state: State, name: string): string {
	switch (state.kind) {
		case 'starting':
			return `Starting sh in ${name}`;
		case 'running':
			return `sh in ${name}`;
		case 'ended':
			return state.exitCode === undefined
				? 'The shell has ended'
				: `The shell has ended with exit code ${state.exitCode}`;
		case 'failed':
			return `${state.refusal.what}: ${state.refusal.why}. ${state.refusal.hint}`;
	}
}

interface OpenTerminal {
	readonly terminal: Terminal;
	close(): void;
}

/** @param leave moves the focus out of the terminal, which takes all other keys */
function openTerminal(place: HTMLElement, leave: () => void): OpenTerminal {
	const terminal = new Terminal({ fontSize: 13, scrollback: 5000, minimumContrastRatio: 4.5 });
	const fit = new FitAddon();
	terminal.loadAddon(fit);
	terminal.open(place);
	const stopTheme = followTheme((theme) => {
		terminal.options.theme = theme;
	});
	terminal.attachCustomKeyEventHandler((event) => {
		const copies = event.ctrlKey && event.shiftKey && event.code === 'KeyC';
		const leaves = event.shiftKey && event.key === 'Escape';
		if (!copies && !leaves) return true;
		event.preventDefault();
		if (event.type === 'keydown') {
			if (copies) void copySelection(terminal);
			else leave();
		}
		return false;
	});
	const observer = new ResizeObserver(() => fit.fit());
	observer.observe(place);
	fit.fit();
	terminal.focus();
	return {
		terminal,
		close: () => {
			observer.disconnect();
			stopTheme();
			terminal.dispose();
		},
	};
}

/** @returns a function that ends it */
function runShell(container: string, { terminal }: OpenTerminal, tell: (state: State) => void): () => void {
	const flow = new OutputFlow(terminal);
	const session = new ShellSession({
		started: () => tell({ kind: 'running' }),
		output: (bytes) => flow.take(bytes),
		ended: (exitCode) => tell({ kind: 'ended', exitCode }),
		failed: (refusal) => tell({ kind: 'failed', refusal }),
	});
	tell({ kind: 'starting' });
	terminal.onData((text) => session.type(text));
	terminal.onResize(({ rows, cols }) => session.resize({ rows, columns: cols }));
	void session.start(container, { rows: terminal.rows, columns: terminal.cols });
	return () => session.close();
}

async function copySelection(terminal: Terminal | null): Promise<void> {
	const text = terminal?.getSelection();
	if (text) await navigator.clipboard.writeText(text);
	terminal?.focus();
}
