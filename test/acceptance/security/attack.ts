/** What root inside of a container tries against its host. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '#test/testbed/command.ts';
import { once } from '#test/testbed/prepared/once.ts';
import { CACHE } from '#test/testbed/programs/paths.ts';

export const DRIVERS = ['vnet', 'ipnet', 'host', 'disabled'] as const;
export type Driver = (typeof DRIVERS)[number];

export interface Attack {
	/** What is tried, for people. */
	readonly what: string;
	/** A name that `attack.c` knows, or a script of sh whose last line of output is the outcome. */
	readonly run: { readonly call: string } | { readonly script: string };
	/** Name of an error, or a word for what came of it; by driver where it differs. */
	readonly outcome: string | Readonly<Record<Driver, string>>;
	/** What stopped it, or why it need not be stopped. */
	readonly by: string;
}

/** Where the program is inside of the containers. */
export const PROGRAM = '/attack';

/** @returns the path of the compiled program */
export async function provideProgram(): Promise<string> {
	const source = join(import.meta.dirname, 'attack.c');
	const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
	const program = join(CACHE, `attack-${hash}`);
	await once(
		'attack',
		() => existsSync(program),
		async () => {
			await outputOf(['gcc', '-static', '-O1', '-w', '-o', `${program}.new`, source]);
			renameSync(`${program}.new`, program);
		},
	);
	return program;
}

export function expectedOf({ outcome }: Attack, driver: Driver): string {
	return typeof outcome === 'string' ? outcome : outcome[driver];
}

/** Quoted for the script below: attacks may hold any text but this line. */
const END = 'END_OF_ATTACK';

/** A script that tries all of them, each for ten seconds at most, and prints `NUMBER OUTCOME` for each. */
export function scriptFor(attacks: readonly Attack[]): string {
	const tries = attacks.map(({ run }, index) => {
		const script = 'call' in run ? `${PROGRAM} ${run.call} | cut -d ' ' -f 2` : run.script;
		return `cat >/tmp/try <<'${END}'\n${script}\n${END}\necho "${index} $(timeout 10 sh /tmp/try 2>&1 </dev/null | tail -n 1)"`;
	});
	return ['cd /tmp', ...tries].join('\n');
}
