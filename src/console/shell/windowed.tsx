import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Rows above and below those in view. */
const AROUND = 10;

interface WindowedProps<T> {
	readonly label: string;
	readonly titles: readonly string[];
	readonly rows: readonly T[];
	/** Of a row: CSS pixels. */
	readonly height: number;
	readonly keyOf: (row: T) => string | number;
	readonly cells: (row: T) => ComponentChildren;
	readonly classOf: (row: T) => string;
}

/** A table of any number of rows, of which only those in view are in the page. */
export function Windowed<T>({ label, titles, rows, height, keyOf, cells, classOf }: WindowedProps<T>) {
	const place = useRef<HTMLElement>(null);
	const [view, setView] = useState({ top: 0, size: 600 });
	useEffect(() => {
		const element = place.current;
		if (!element) return;
		const look = () => setView({ top: element.scrollTop, size: element.clientHeight });
		const observer = new ResizeObserver(look);
		observer.observe(element);
		element.addEventListener('scroll', look, { passive: true });
		return () => {
			observer.disconnect();
			element.removeEventListener('scroll', look);
		};
	}, []);
	const first = Math.max(0, Math.min(Math.floor(view.top / height) - AROUND, rows.length));
	const last = Math.min(rows.length, first + Math.ceil(view.size / height) + 2 * AROUND);
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys
		<section class="windowed" aria-label={`${label}, rows`} tabIndex={0} ref={place}>
			<table aria-label={label} aria-rowcount={rows.length + 1}>
				<thead>
					<tr>
						{titles.map((title) => (
							<th key={title} scope="col">
								{title}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					<Gap height={first * height} />
					{rows.slice(first, last).map((row, index) => (
						<tr key={keyOf(row)} class={classOf(row)} aria-rowindex={first + index + 2}>
							{cells(row)}
						</tr>
					))}
					<Gap height={(rows.length - last) * height} />
				</tbody>
			</table>
		</section>
	);
}

/** In the place of rows out of view. */
function Gap({ height }: { readonly height: number }) {
	return <tr class="gap" style={{ height: `${height}px` }} />;
}
