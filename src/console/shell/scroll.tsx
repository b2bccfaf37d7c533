import type { ComponentChildren, Ref } from 'preact';

interface ScrollProps {
	/** Names it for those who hear the page. */
	readonly label: string;
	readonly place?: Ref<HTMLElement>;
	readonly children: ComponentChildren;
}

/** Text as it is, which scrolls: also by keys, so the focus can go there. */
export function Scroll({ label, place, children }: ScrollProps) {
	return (
		// biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keys
		<section class="scroll" aria-label={label} tabIndex={0} {...(place && { ref: place })}>
			<pre>{children}</pre>
		</section>
	);
}
