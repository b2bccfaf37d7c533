import { useEffect, useRef, useState } from 'preact/hooks';
import { RefusalText } from '../actions/proposal-dialog.tsx';
import { type Refusal, RefusalError, refusalIn, refusalOf } from '../daemon/refusal.ts';
import { Scroll } from '../shell/scroll.tsx';
import { type Output, OutputDecoder } from './frames.ts';

/** Characters that are kept: a page is no log file. */
const MOST = 200_000;
const TAIL = 200;

/** Output of a container, as it comes. */
export function Logs({ container }: { readonly container: string }) {
	const [text, setText] = useState('');
	const [refusal, setRefusal] = useState<Refusal>();
	const place = useRef<HTMLElement>(null);
	useEffect(() => {
		setText('');
		setRefusal(undefined);
		const gone = new AbortController();
		const show = (output: readonly Output[]) =>
			setText((before) => (before + output.map(lineOf).join('')).slice(-MOST));
		follow(container, show, gone.signal).catch((error: unknown) => {
			if (!gone.signal.aborted) setRefusal(refusalOf(error));
		});
		return () => gone.abort();
	}, [container]);
	useEffect(() => place.current?.scrollTo(0, place.current.scrollHeight), [text]);
	if (refusal) return <RefusalText {...refusal} />;
	return (
		<Scroll label="Output" place={place}>
			{text === '' ? 'No output.' : text}
		</Scroll>
	);
}

function lineOf({ stream, text }: Output): string {
	return stream === 'notice' ? `[${text}]\n` : text;
}

async function follow(
	container: string,
	show: (output: readonly Output[]) => void,
	signal: AbortSignal,
): Promise<void> {
	const path = `/api/containers/${encodeURIComponent(container)}/logs?follow=true&tail=${TAIL}`;
	const response = await fetch(path, { signal });
	if (!response.ok) throw new RefusalError(response.status, refusalIn(await response.json(), response.status));
	const decoder = new OutputDecoder();
	const reader = response.body?.getReader();
	for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read())
		show(decoder.push(piece.value));
}
