import { signal } from '@preact/signals';
import { TerminalPanel, type TerminalPanelProps } from './panel.tsx';

type Container = TerminalPanelProps['container'];

interface Opened {
	/** Several terminals may be in one container. */
	readonly key: number;
	readonly container: Container;
}

const opened = signal<readonly Opened[]>([]);
const shown = signal<number | undefined>(undefined);
let lastKey = 0;

/** Opens a terminal in a running container, in the dock. */
export function openTerminal(container: Container): void {
	lastKey += 1;
	opened.value = [...opened.value, { key: lastKey, container }];
	shown.value = lastKey;
}

function close(key: number): void {
	opened.value = opened.value.filter((one) => one.key !== key);
	if (shown.value === key) shown.value = opened.value.at(-1)?.key;
}

/** The open terminals, one of them in view. The others go on. */
export function TerminalDock() {
	if (opened.value.length === 0) return null;
	return (
		<aside class="terminal-dock" aria-label="Terminals">
			<div class="panel-bar">
				{opened.value.map(({ key, container }) => (
					<span key={key} class="terminal-tab">
						<button
							type="button"
							aria-pressed={key === shown.value}
							onClick={() => {
								shown.value = key;
							}}
						>
							{container.name}
						</button>
						<button type="button" aria-label={`Close the terminal in ${container.name}`} onClick={() => close(key)}>
							×
						</button>
					</span>
				))}
			</div>
			{opened.value.map(({ key, container }) => (
				<div key={key} class="terminal-slot" hidden={key !== shown.value}>
					<TerminalPanel container={container} />
				</div>
			))}
		</aside>
	);
}
