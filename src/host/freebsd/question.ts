import { KleeneError } from '#errors/kleene-error.ts';
import type { ExchangeOptions, SectionResult, Shell } from '#os/shell/shell.ts';
import { unreachable } from './batch.ts';
import { parseRefusal } from './refusals.ts';
import type { Section } from './section.ts';

type Answers<T extends readonly unknown[]> = { [K in keyof T]: T[K] extends Section<infer A> ? A : never };

/** Several questions in one exchange; each is answered or its refusal thrown. They only look, unless told otherwise. */
export async function ask<const T extends readonly Section<unknown>[]>(
	shell: Shell,
	sections: T,
	options: ExchangeOptions = { repeatable: true },
): Promise<Answers<T>> {
	const named = sections.map(({ script, plain = false }, index) => ({ name: `${index}`, script, plain }));
	const results = await shell.exchange(named, { together: true, ...options }).catch((error: unknown) => {
		throw unreachable(error);
	});
	return sections.map(({ parse }, index) => parse(outputOf(results[index] ?? results.at(-1)))) as Answers<T>;
}

export async function askOne<A>(shell: Shell, section: Section<A>, options?: ExchangeOptions): Promise<A> {
	const [answer] = await ask(shell, [section as Section<unknown>], options);
	return answer as A;
}

function outputOf(result: SectionResult | undefined): string {
	if (result?.code === 0) return result.stdout;
	const stderr = result?.stderr ?? '';
	throw (
		parseRefusal(stderr) ??
		new KleeneError({
			code: 'HOST_FAILED',
			what: 'cannot observe the host',
			why: stderr.trim() || `exit code ${result?.code}`,
			hint: 'check that the user of kleened is root there',
		})
	);
}
