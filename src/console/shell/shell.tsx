import { signal } from '@preact/signals';
import { ProposalDialog, RefusalText } from '../actions/proposal-dialog.tsx';
import { Details } from '../details/details.tsx';
import { connection } from '../state/topology.ts';
import { TerminalDock } from '../terminal/dock.tsx';
import { PANELS } from './panels.tsx';

/** Id of the panel that is shown; the address of the page names it. */
const current = signal(location.hash.slice(1));
addEventListener('hashchange', () => {
	current.value = location.hash.slice(1);
});

/** The daemon in words, from /console.json. */
const daemon = signal('');

export function Shell() {
	const panel = PANELS.find(({ id }) => id === current.value) ?? PANELS[0]!;
	const Content = panel.component;
	return (
		<>
			<header>
				<h1>Kleene</h1>
				<nav aria-label="Views">
					{PANELS.map(({ id, title }) => (
						<a key={id} href={`#${id}`} aria-current={id === panel.id ? 'page' : undefined}>
							{title}
						</a>
					))}
				</nav>
				<p class="daemon">{daemon.value}</p>
			</header>
			<Connection />
			<main>
				<Content />
				<Details />
			</main>
			<TerminalDock />
			<ProposalDialog />
		</>
	);
}

/** Says that the daemon is away. What is shown is then as it was. */
function Connection() {
	const state = connection.value;
	if (state === 'live') return null;
	if (state === 'connecting')
		return (
			<p class="connection" role="status">
				Connecting …
			</p>
		);
	return (
		<div class="connection away">
			<RefusalText {...state} />
			<p>What you see is how it was. The page goes on by itself.</p>
		</div>
	);
}

export async function nameDaemon(): Promise<void> {
	const response = await fetch('/console.json');
	if (!response.ok) return;
	const { daemon: address, version } = (await response.json()) as { daemon: string; version: string };
	daemon.value = `${address} · klee ${version}`;
}
