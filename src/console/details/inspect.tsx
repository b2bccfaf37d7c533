import { useEffect, useState } from 'preact/hooks';
import { ask } from '../daemon/request.ts';
import { Scroll } from '../shell/scroll.tsx';

/** All that the daemon says about an object. @param changed asked again when this is another object */
export function Inspect({ path, changed }: { readonly path: string; readonly changed: object }) {
	const answer = useAnswer(() => ask<unknown>(path), `${path} ${JSON.stringify(changed)}`);
	return <Scroll label="Inspect">{answer === undefined ? '…' : JSON.stringify(answer, null, 2)}</Scroll>;
}

/** The answer to a request, once it is there. */
function useAnswer<T>(load: () => Promise<T>, key: string): T | undefined {
	const [answer, setAnswer] = useState<T>();
	useEffect(() => {
		let wanted = true;
		load().then(
			(value) => wanted && setAnswer(value),
			() => wanted && setAnswer(undefined),
		);
		return () => {
			wanted = false;
		};
	}, [key]);
	return answer;
}
