import { useEffect, useRef } from 'preact/hooks';
import type { Refusal } from '../daemon/refusal.ts';
import { Scroll } from '../shell/scroll.tsx';
import { commandOf, titleOf } from './change.ts';
import { confirm, drop, type Proposal, proposal } from './proposal.ts';

/** Shows the dry run of a change before it is made. */
export function ProposalDialog() {
	const asked = proposal.value;
	const dialog = useRef<HTMLDialogElement>(null);
	const isOpen = asked !== undefined;
	useEffect(() => {
		if (isOpen && dialog.current && !dialog.current.open) dialog.current.showModal();
	}, [isOpen]);
	if (!asked) return null;
	return (
		<dialog ref={dialog} class="proposal" aria-labelledby="proposal-title" onClose={drop}>
			<Content {...asked} />
		</dialog>
	);
}

function Content({ change, plan, refusal, busy }: Proposal) {
	return (
		<form method="dialog">
			<h2 id="proposal-title">{titleOf(change)}</h2>
			<p>
				As a command: <code>{commandOf(change)}</code>
			</p>
			{plan && <Plan lines={plan} />}
			{!plan && !refusal && <p role="status">Asking the daemon what this takes …</p>}
			{refusal && <RefusalText {...refusal} />}
			<div class="buttons">
				<button type="button" disabled={busy || !plan} onClick={() => void confirm()}>
					{busy ? 'At work …' : titleOf(change)}
				</button>
				<button type="submit">Leave it</button>
			</div>
		</form>
	);
}

function Plan({ lines }: { readonly lines: readonly string[] }) {
	if (lines.length === 0) return <p>Nothing of the host changes.</p>;
	return (
		<>
			<p>On the host this does what these commands do:</p>
			<Scroll label="Plan">{lines.join('\n')}</Scroll>
		</>
	);
}

/** A refusal: what failed, why, and what to do about it. */
export function RefusalText({ what, why, hint }: Refusal) {
	return (
		<div class="refusal" role="alert">
			<p>
				<strong>{what}</strong>
			</p>
			<p>{why}</p>
			<p class="hint">{hint}</p>
		</div>
	);
}
