import { useState } from 'preact/hooks';

interface TabsProps {
	readonly tabs: readonly (readonly [title: string, content: () => preact.JSX.Element])[];
}

/** Tabs that arrow keys move between. */
export function Tabs({ tabs }: TabsProps) {
	const [at, setAt] = useState(0);
	const [, content] = tabs[at] ?? tabs[0]!;
	const move = (event: KeyboardEvent) => {
		const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
		if (step !== 0) setAt((at + step + tabs.length) % tabs.length);
	};
	return (
		<>
			<div class="tabs" role="tablist" onKeyDown={move}>
				{tabs.map(([title], index) => (
					<TabButton key={title} title={title} chosen={index === at} onChoose={() => setAt(index)} />
				))}
			</div>
			<div role="tabpanel">{content()}</div>
		</>
	);
}

function TabButton(props: { readonly title: string; readonly chosen: boolean; readonly onChoose: () => void }) {
	const { title, chosen, onChoose } = props;
	return (
		<button type="button" role="tab" aria-selected={chosen} tabIndex={chosen ? 0 : -1} onClick={onChoose}>
			{title}
		</button>
	);
}
