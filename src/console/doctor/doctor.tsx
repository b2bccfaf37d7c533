import type { Finding } from '#api/diagnosis.ts';
import { RefusalText } from '../actions/proposal-dialog.tsx';
import { Scroll } from '../shell/scroll.tsx';
import { examine, failure, findings, outcome, repair, repairing } from './findings.ts';

/** What is wrong with the networks of the host, and its repair. */
export function Doctor() {
	const found = findings.value;
	const mendable = (found ?? []).filter(({ plan }) => plan.length > 0);
	return (
		<section class="doctor" aria-label="Doctor">
			<div class="buttons">
				<button type="button" onClick={() => void examine()}>
					Examine again
				</button>
				{mendable.length > 0 && (
					<button type="button" disabled={repairing.value} onClick={() => void repair()}>
						{repairing.value ? 'At work …' : `Repair ${mendable.length} of ${found?.length}`}
					</button>
				)}
			</div>
			<p role="status">{outcome.value || (found?.length === 0 ? 'Nothing is wrong.' : '')}</p>
			{failure.value && <RefusalText {...failure.value} />}
			<ul>
				{(found ?? []).map((finding) => (
					<FindingItem key={`${finding.subject} ${finding.what}`} {...finding} />
				))}
			</ul>
		</section>
	);
}

function FindingItem({ severity, subject, what, why, hint, plan }: Finding) {
	return (
		<li class={`finding ${severity}`}>
			<h3>
				{severity === 'error' ? '✗' : '!'} {subject}: {what}
			</h3>
			<p>{why}</p>
			<p class="hint">{hint}</p>
			{plan.length > 0 && <Scroll label={`Plan for ${subject}`}>{plan.join('\n')}</Scroll>}
		</li>
	);
}

/** A mark on an object of the map that something is wrong with. */
export function Mark({ found }: { readonly found: readonly Finding[] | undefined }) {
	if (!found || found.length === 0) return null;
	const text = found.map(({ what }) => what).join('; ');
	const isError = found.some(({ severity }) => severity === 'error');
	return (
		<span class={`mark ${isError ? 'error' : 'warning'}`} title={text}>
			<span aria-hidden="true">!</span>
			<span class="hidden">doctor: {text}</span>
		</span>
	);
}
