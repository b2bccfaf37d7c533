/** `kleened setup-pf` on the host: looks, and writes only what was agreed to. */
import { parseFaults } from '#os/freebsd/pfctl.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import { type ConfPlan, planConf } from './pf-conf.ts';
import { PF_STATE, type PfState, readPfState } from './pf-state.ts';

/** The way to the host. */
export interface ScriptRunner {
	run(script: Script): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
}

export interface PfSituation {
	readonly state: PfState;
	/** The administrator's file, `pf_rules` of rc.conf(5). */
	readonly file: string;
	readonly present: boolean;
	readonly plan: ConfPlan;
	/** Whether pf starts with the host. */
	readonly atBoot: boolean;
}

export interface PfOutcome {
	readonly done: boolean;
	/** Path of the copy of the previous file; `''` if there was none. */
	readonly backup: string;
	/** Why not, in the words of pfctl. */
	readonly why: string;
}

export async function lookAtPf(runner: ScriptRunner): Promise<PfSituation> {
	const { stdout } = await checked(runner, LOOK);
	const [rc = '', rest = ''] = splitAt(stdout, '--- file\n');
	const [text = '', state = ''] = splitAt(rest, '--- state\n');
	const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(rc)?.[1] ?? '';
	const present = value('present') === 'yes';
	return {
		state: readPfState(state),
		file: value('file'),
		present,
		plan: planConf(present ? text : ''),
		atBoot: /^yes|true|on|1$/i.test(value('enable')),
	};
}

/** The lines, checked, loaded, pf enabled now and at boot. Anything that fails leaves the host as it was. */
export async function writePf(runner: ScriptRunner, { file, plan }: PfSituation, stamp: string): Promise<PfOutcome> {
	const backup = `${file}.before-kleene.${stamp}`;
	const { code, stdout, stderr } = await runner.run(change(file, backup, plan.kind === 'edit' ? plan.text : undefined));
	const kept = stdout.includes('backup kept') ? backup : '';
	if (code === 0) return { done: true, backup: kept, why: '' };
	const faults = parseFaults(stderr).map(({ line, reason }) => `line ${line}: ${reason}`);
	return { done: false, backup: '', why: faults.join('; ') || stderr.trim() || `exit code ${code}` };
}

const LOOK = lines(
	sh`file=$(sysrc -n pf_rules 2>/dev/null) || file=/etc/pf.conf`,
	sh`[ -n "$file" ] || file=/etc/pf.conf`,
	sh`enable=$(sysrc -n pf_enable 2>/dev/null) || enable=NO`,
	sh`if [ -f "$file" ]; then present=yes; else present=no; fi`,
	sh`printf 'file=%s\nenable=%s\npresent=%s\n--- file\n' "$file" "$enable" "$present"`,
	sh`if [ $present = yes ]; then cat "$file"; fi`,
	sh`printf '%s\n' '--- state'`,
	PF_STATE,
);

/** @param text of the new file; undefined: it stays as it is */
function change(file: string, backup: string, text: string | undefined): Script {
	const added = `${file}.kleene-new`;
	const write =
		text === undefined
			? sh`:`
			: lines(
					sh`umask 077`,
					sh`printf %s ${text} > ${added}`,
					sh`if ! pfctl -n -f ${added}; then rm -f ${added}; exit 1; fi`,
					sh`if [ -f ${file} ]; then`,
					sh`	cp -p ${file} ${backup}; printf 'backup kept\n'`,
					// Into the file that is there: its owner and mode stay.
					sh`	cat ${added} > ${file}; rm -f ${added}`,
					sh`else chmod 644 ${added}; mv ${added} ${file}; fi`,
				);
	return lines(
		sh`set -e`,
		sh`kldload -n pf`,
		sh`was=$(pfctl -s info | sed -n 's/^Status: \\([A-Za-z]*\\).*/\\1/p')`,
		write,
		sh`back() {`,
		sh`	if [ -f ${backup} ]; then cat ${backup} > ${file}; rm -f ${backup}`,
		...(text === undefined ? [] : [sh`	else rm -f ${file}`]),
		sh`	fi`,
		sh`	if [ "$was" = Enabled ]; then if [ -f ${file} ]; then pfctl -q -f ${file}; fi; else pfctl -q -d; pfctl -q -F rules; pfctl -q -F nat; fi`,
		sh`	exit 1`,
		sh`}`,
		sh`pfctl -q -f ${file} || back`,
		sh`if [ "$was" != Enabled ]; then pfctl -q -e || back; fi`,
		sh`sysrc pf_enable=YES >/dev/null || back`,
	);
}

async function checked(runner: ScriptRunner, script: Script): Promise<{ stdout: string }> {
	const result = await runner.run(script);
	if (result.code !== 0) throw new Error(`the host does not say how its pf is: ${result.stderr.trim()}`);
	return result;
}

function splitAt(text: string, mark: string): [string, string] {
	const at = text.indexOf(mark);
	return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + mark.length)];
}
