/** `kleened setup-pf`: what the pf of a FreeBSD host lacks, shown, and done only when that was agreed to. */
import { KleeneError } from '#errors/kleene-error.ts';

export const SETUP_PF_USAGE = `usage: kleened setup-pf [--write] [--freebsd-host ssh://[USER@]HOST[:PORT]] [--ssh-key FILE]
                        [--ssh-known-hosts FILE]

Shows which lines pf.conf of a FreeBSD host needs for Kleene's networks, and where. With --write, or when you agree to it
on a terminal: keeps a copy of the file, adds them, has pfctl check and load it, and enables pf now and at boot.
Anything that fails leaves the host as it was.
`;

export interface SetupPfArguments {
	readonly write: boolean;
	/** As typed; undefined: this host. */
	readonly host: string | undefined;
	readonly key: string | undefined;
	readonly knownHosts: string | undefined;
	readonly help: boolean;
}

/** @param words what follows `setup-pf` */
export function readSetupPfArguments(words: readonly string[]): SetupPfArguments {
	let [write, help] = [false, false];
	let [host, key, knownHosts]: (string | undefined)[] = [];
	const left = [...words];
	for (let word = left.shift(); word !== undefined; word = left.shift()) {
		const [name, value] = word.split(/=(.*)/s);
		if (word === '--write') write = true;
		else if (word === '--help' || word === '-h') help = true;
		else if (name === '--freebsd-host') host = value ?? left.shift() ?? refuse('--freebsd-host needs a host');
		else if (name === '--ssh-key') key = value ?? left.shift() ?? refuse('--ssh-key needs a file');
		else if (name === '--ssh-known-hosts')
			knownHosts = value ?? left.shift() ?? refuse('--ssh-known-hosts needs a file');
		else refuse(`${word} is not understood`);
	}
	return { write, host, key, knownHosts, help };
}

function refuse(why: string): never {
	const hint = 'see "kleened setup-pf --help"';
	throw new KleeneError({ code: 'INVALID_ARGUMENT', what: 'cannot set up pf', why, hint });
}

/** State of pf on a host. Satisfied by `PfSituation` of host/freebsd. */
export interface PfReport {
	readonly state: {
		readonly loaded: boolean;
		readonly enabled: boolean;
		readonly lacking: readonly string[];
		readonly skipped: readonly string[];
	};
	readonly file: string;
	readonly present: boolean;
	readonly plan:
		| { readonly kind: 'complete' }
		| { readonly kind: 'unclear'; readonly why: string }
		| { readonly kind: 'edit'; readonly insertions: readonly { before: number; lines: readonly string[] }[] };
	readonly atBoot: boolean;
}

export interface SetupPf<Report extends PfReport> {
	look(): Promise<Report>;
	write(report: Report): Promise<{ readonly done: boolean; readonly backup: string; readonly why: string }>;
	print(text: string): void;
	/** Asks on the terminal; absent where there is none. */
	readonly confirm?: (question: string) => Promise<boolean>;
}

/** @returns exit code: 0 when pf is as it has to be, 1 when it is not and nothing was to be written */
export async function setUpPf<Report extends PfReport>(write: boolean, setup: SetupPf<Report>): Promise<number> {
	const report = await setup.look();
	const lacking = lackingOf(report);
	for (const name of report.state.skipped) setup.print(skippedText(name, report.file));
	if (lacking.length === 0) {
		setup.print('pf is set up for Kleene.\n');
		return 0;
	}
	setup.print(lacking.map((line) => `${line}\n`).join(''));
	if (report.plan.kind === 'unclear') throw unclear(report);
	const agreed = write || ((await setup.confirm?.('Do this now? [y/N] ')) ?? false);
	if (!agreed) {
		setup.print('Nothing was changed. "kleened setup-pf --write" does it.\n');
		return 1;
	}
	const { done, backup, why } = await setup.write(report);
	if (!done) throw notDone(report, why);
	setup.print(`Done.${backup === '' ? '' : ` Previous file: ${backup}`}\n`);
	return 0;
}

function lackingOf({ state, file, present, plan, atBoot }: PfReport): string[] {
	const lines: string[] = [];
	if (plan.kind === 'edit')
		for (const { before, lines: added } of plan.insertions)
			lines.push(`${file} lacks, ${placeOf(before, present)}:`, ...added.map((line) => `    ${line}`));
	else if (state.loaded && state.lacking.length > 0) lines.push(`${file} has not been loaded since it was changed.`);
	if (!state.enabled) {
		lines.push(`pf is not ${state.loaded ? 'enabled' : 'loaded'}.`);
		if (present) lines.push(`Enabling it puts every rule of ${file} in force: see that they let you in.`);
	}
	if (!atBoot) lines.push('pf does not start with the host: pf_enable is not YES in /etc/rc.conf.');
	return lines;
}

function placeOf(before: number, present: boolean): string {
	return present ? `before line ${before}` : 'which is not there yet';
}

function skippedText(name: string, file: string): string {
	return (
		`${file} has "set skip on" for ${name}: ipnet containers speak over it, so that --icc=false and the isolation of their\n` +
		'networks from one another are without effect, and the host does not reach published ports by its own addresses.\n' +
		'Take it out, and pass what you want to pass there by a rule: "pass on lo0".\n'
	);
}

function unclear({ file, plan }: PfReport): KleeneError {
	return new KleeneError({
		code: 'CONFIG_INVALID',
		what: `cannot add lines to ${file}`,
		why: plan.kind === 'unclear' ? plan.why : '',
		hint: 'put the three lines in by hand: docs/networks.md, "pf on FreeBSD"',
	});
}

function notDone({ file }: PfReport, why: string): KleeneError {
	return new KleeneError({
		code: 'HOST_FAILED',
		what: 'cannot set up pf; nothing was changed',
		why,
		hint: `see that "pfctl -n -f ${file}" has nothing to say, then try again`,
	});
}
