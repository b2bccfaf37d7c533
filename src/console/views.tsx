import { TerminalPanel } from './terminal/panel.tsx';

/** @param hash of the address, e.g. `#/terminal/web`. @returns what fills the page there; undefined: the page is as usual */
export function viewAt(hash: string) {
	const [, kind, subject = ''] = hash.split('/');
	const name = decoded(subject);
	if (kind !== 'terminal' || name === '') return undefined;
	return (
		<main>
			<TerminalPanel container={{ id: name, name }} />
		</main>
	);
}

/** A hash is typed by people, too. */
function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return '';
	}
}
