/** The tables of docs/security.md. */
import { type Attack, DRIVERS, expectedOf } from './attack.ts';
import { FILES } from './attacks/files.ts';
import { KERNEL } from './attacks/kernel.ts';
import { NETWORK } from './attacks/network.ts';
import { PROCESSES } from './attacks/processes.ts';
import { PROVEN } from './attacks/proven.ts';

export const ATTACKS: readonly Attack[] = [...KERNEL, ...FILES, ...PROCESSES, ...NETWORK];

export const BEGIN = '<!-- attacks: written by test/acceptance/security/write-table.ts -->';
export const END = '<!-- /attacks -->';

export function tables(): string {
	const commands = ATTACKS.map((attack) => {
		return [attack.what, ...DRIVERS.map((driver) => expectedOf(attack, driver)), attack.by];
	});
	const others = PROVEN.map(({ what, drivers, outcome, by, test }) => [
		what,
		drivers,
		outcome,
		by,
		`\`test/${test[0]}\``,
	]);
	return [
		'Commands and system calls of root in a container:',
		table(['Tried', ...DRIVERS, 'Stopped by'], commands),
		'Attacks that take more than one command:',
		table(['Tried', 'From', 'Outcome', 'Stopped by', 'Test'], others),
	].join('\n\n');
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
	return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The document with the tables between the marks. */
export function withTables(document: string): string {
	const [head, rest] = document.split(BEGIN);
	const tail = rest?.split(END)[1];
	if (tail === undefined) throw new Error(`docs/security.md has no ${BEGIN} ... ${END}`);
	return `${head}${BEGIN}\n\n${tables()}\n\n${END}${tail}`;
}
