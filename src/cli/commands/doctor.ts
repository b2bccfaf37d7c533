import type { Diagnosis, Finding } from '#api/diagnosis.ts';
import { EXIT, Quit } from '../failure.ts';
import type { Action } from '../invocation.ts';
import { renderJson } from '../render/json.ts';
import { line, lines, paint } from '../render/output.ts';

interface DoctorOptions {
	readonly repair?: boolean;
	readonly json?: boolean;
}

/** Exits 1 while a finding is left. */
export const examine: Action<DoctorOptions> = async ({ options, client }) => {
	const left = options.repair ? await repair(client.diagnosis, options) : await look(client.diagnosis, options);
	if (left > 0) throw new Quit(EXIT.refused);
};

type Client = Parameters<Action<DoctorOptions>>[0]['client']['diagnosis'];

async function look(client: Client, { json }: DoctorOptions): Promise<number> {
	const diagnosis = await client.doctor();
	if (json) line(renderJson(diagnosis));
	else lines([...render(diagnosis.findings), verdict(diagnosis)]);
	return diagnosis.findings.length;
}

async function repair(client: Client, { json }: DoctorOptions): Promise<number> {
	const outcome = await client.repair();
	const { repaired, findings, failures } = outcome;
	if (json) line(renderJson(outcome));
	else {
		lines(repaired.map(({ subject, what }) => `${paint(process.stdout, 'green', '✓')} ${subject}: ${what}; repaired`));
		lines(failures.map((failure) => `${paint(process.stdout, 'red', '✗')} ${failure}`));
		lines([...render(findings), verdict(outcome)]);
	}
	return findings.length;
}

function render(findings: readonly Finding[]): string[] {
	return findings.flatMap(({ kind, severity, subject, what, why, hint, plan }) => {
		const colour = severity === 'error' ? 'red' : 'yellow';
		const mark = paint(process.stdout, colour, severity === 'error' ? '✗' : '!');
		return [
			`${mark} ${paint(process.stdout, 'bold', subject)}: ${what}`,
			`    kind:  ${severity}, ${kind}`,
			`    why:   ${why}`,
			`    hint:  ${paint(process.stdout, 'cyan', hint)}`,
			...plan.map((step) => paint(process.stdout, 'dim', `           ${step}`)),
			'',
		];
	});
}

function verdict({ findings, examined }: Diagnosis): string {
	const { networks, containers, parts } = examined;
	const counts = [count(networks, 'network'), count(containers, 'running container')].join(' and ');
	if (findings.length === 0)
		return `${paint(process.stdout, 'green', '✓')} ${counts}, ${count(parts, 'part')} on the host: no problems found`;
	const errors = findings.filter(({ severity }) => severity === 'error').length;
	const found = [[errors, 'error'] as const, [findings.length - errors, 'warning'] as const];
	const shown = found.flatMap(([number, noun]) => (number > 0 ? [count(number, noun)] : [])).join(' and ');
	return `${counts}, ${count(parts, 'part')} on the host: ${paint(process.stdout, 'bold', shown)}`;
}

function count(number: number, noun: string): string {
	return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
