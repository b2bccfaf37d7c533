import type { PlanResponse } from '#api/shapes.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { Call, HttpTransport } from './http.ts';

/** The same call, changing nothing. @returns what would be done, in the words of the host's own tools */
export async function plan(http: HttpTransport, call: Call): Promise<string[]> {
	const answer = await http.call<PlanResponse | undefined>({ ...call, query: { dry_run: true } });
	if (Array.isArray(answer?.plan)) return answer.plan;
	throw new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: `cannot plan to ${call.doing}`,
		why: 'this kleened does not support dry runs; it may have made the change',
		hint: 'look at "klee network ls" and "klee container ls -a", and use --dry-run with the kleened of this version only',
	});
}
