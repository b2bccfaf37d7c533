import { KleeneError } from '#errors/kleene-error.ts';
import type { StackPart } from '#model/parts/stack.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { HandlerOptions, PartHandler } from '../handler.ts';
import { isTold, tell } from '../known.ts';
import type { Paths } from '../paths.ts';
import { refusal } from '../refusals.ts';
import { unmountBelow } from '../storage/mounts.ts';
import { hooksOf, onHost, runHooks, withoutHooks } from './hooks.ts';

/** devfs.rules(5): what a jail may see below /dev; with a stack of its own also its pf. */
const DEVFS_RULES = { jail: 4, vnet: 5 } as const;

/** Jails without processes: the stack of a container that has one of its own, or the addresses it is held to. */
export class FreebsdStacks implements PartHandler<'stack'> {
	readonly #paths: Paths;

	constructor(paths: Paths) {
		this.#paths = paths;
	}

	make({ container, spec }: StackPart): Script {
		return sh`${undoneOnFailure(sh`[ -z "$created" ] || jail -R ${container} 2>/dev/null || :
${unmountBelow(this.#paths.containerRoot(container))}`)}
${findJail(container)}
created=
${createJail(this.#paths, container, required(container, spec))}
trap - EXIT`;
	}

	/** After its sandbox was unmade there is nothing left of it. */
	unmake({ container, spec }: StackPart, options: HandlerOptions): Script {
		return sh`if ! ${isTold('gone', container)} && jid=$(jls -j ${container} jid 2>/dev/null); then
${removeJail(container, spec?.driver, options)}
${unmountBelow(this.#paths.containerRoot(container))}
fi`;
	}

	describe(verb: 'make' | 'unmake', { container, spec }: StackPart): string[] {
		if (verb === 'unmake') return [`jail -R ${container}`];
		return describeJail(this.#paths, container, required(container, spec));
	}
}

function required(container: string, spec: SandboxSpec | undefined): SandboxSpec {
	if (spec) return spec;
	throw new KleeneError({
		code: 'INTERNAL',
		what: `cannot make the jail of container ${container}`,
		why: 'the plan names no isolation',
		hint: 'report this problem',
	});
}

/** A step that fails leaves nothing: until `trap - EXIT`, leaving the shell with another code than 0 runs `undo` first. */
export function undoneOnFailure(undo: Script): Script {
	return sh`undo() {
trap - EXIT
${undo}
}
trap 'code=$?; [ "$code" -eq 0 ] || undo; exit "$code"' EXIT`;
}

/** The number and the root of the jail, with a blank between them, into `$found`; empty where there is none. */
export function findJail(container: string): Script {
	return sh`found=$(jls -j ${container} jid path 2>/dev/null) || found=`;
}

/** After `findJail`. A jail of this name with this root may stay; any other jail of the name is not touched. */
export function createJail(paths: Paths, container: string, spec: SandboxSpec): Script {
	const root = paths.containerRoot(container);
	const other = refusal({
		code: 'HOST_FAILED',
		what: `cannot make the jail of container ${container}`,
		why: sh`'a jail of this name already exists, with its root at '"$path"`,
		hint: `find its owner with "jls -v", and remove it with "jail -r ${container}"`,
	});
	const hooks = hooksOf(spec);
	const output = `${paths.hooked(container)}.output`;
	return sh`if [ -n "$found" ]; then
	path=\${found#* }
	[ "$path" = ${root} ] || ${other}
else
${lines(...runHooks(hooks.prestart, onHost(hooks), output), requireDevfsRules(container, spec), unmountBelow(root))}
created=yes kleene_mounts=
jail -c ${jailWords(paths, container, spec)}
${tell('made', container)}
${lines(...runHooks(hooks.created, onHost(hooks), output), sh`:`)}
fi
${loopback(container, spec)}`;
}

function describeJail(paths: Paths, container: string, spec: SandboxSpec): string[] {
	const { prestart, created } = hooksOf(spec);
	const words = jailWords(paths, container, spec).map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`));
	const up = spec.driver === 'vnet' ? [`jexec ${container} ifconfig lo0 inet 127.0.0.1/8 up`] : [];
	return [...prestart, `jail -c ${words.join(' ')}`, ...created, ...up];
}

/** Of /etc/defaults/devfs.rules, `devfsrules_unhide_basic` and `_login`; pf is for those with a stack of their own. */
const DEVICES = [
	'log',
	'null',
	'zero',
	'crypto',
	'random',
	'urandom',
	'pts',
	'pts/*',
	'fd',
	'fd/*',
	'stdin',
	'stdout',
].concat(['stderr', 'mqueue', 'zfs']);

/**
 * Rules that the host does not have hide nothing: every device of the host would be there. Where they were not loaded at
 * boot the host is asked to, and where it has none the same are added.
 */
function requireDevfsRules(container: string, spec: SandboxSpec): Script {
	const rules = devfsRules(spec);
	if (rules === undefined) return sh`:`;
	const devices = rules === DEVFS_RULES.vnet ? [...DEVICES, 'pf'] : DEVICES;
	const missing = refusal({
		code: 'HOST_FAILED',
		what: `cannot make the jail of container ${container}`,
		why: `the host has no devfs ruleset ${rules}, and without it the jail sees every device`,
		hint: 'load the rules of /etc/defaults/devfs.rules: sysrc devfs_load_rulesets=YES && service devfs restart',
	});
	return sh`shown() { [ -n "$(devfs rule -s ${rules} show 2>/dev/null)" ]; }
if ! shown; then
	service devfs onestart >/dev/null 2>&1 || :
	if ! shown; then
		devfs rule -s ${rules} add hide || :
		for device in ${devices}; do devfs rule -s ${rules} add path "$device" unhide || :; done
	fi
	shown || ${missing}
fi`;
}

/** The arguments of `jail -c`: what the container has said is said instead of our defaults. */
export function jailWords(paths: Paths, container: string, spec: SandboxSpec): string[] {
	const parameters = withoutHooks(spec.parameters);
	const said = new Set(parameters.map(nameOf));
	const rules = devfsRules(spec);
	const defaults = [
		`host.hostname=${spec.hostname}`,
		...(mountsDevfs(spec) ? ['mount.devfs=true', `devfs_ruleset=${rules ?? DEVFS_RULES.jail}`] : []),
		...(spec.rawSockets && spec.driver !== 'vnet' ? ['allow.raw_sockets=true'] : []),
	].filter((parameter) => !said.has(nameOf(parameter)));
	const identity = [`name=${container}`, `path=${paths.containerRoot(container)}`];
	return [...identity, ...networkWords(spec), 'persist', ...defaults, ...parameters];
}

/** Without an address yet: `jail -m ip4.addr=...` adds them, which a jail made with `inherit` would not let happen. */
function networkWords({ driver }: SandboxSpec): string[] {
	switch (driver) {
		case 'vnet':
			return ['vnet'];
		case 'ipnet':
			return ['ip4=new', 'ip6=new'];
		case 'disabled':
			return ['ip4=disable', 'ip6=disable'];
		case 'host':
			return ['ip4=inherit', 'ip6=inherit'];
	}
}

/** `exec.noclean` and `exec.clean=false` are both about `exec.clean`. */
function nameOf(parameter: string): string {
	return (parameter.split('=')[0] ?? '').replace(/(^|\.)no([^.]+)$/, '$1$2');
}

function mountsDevfs({ parameters }: SandboxSpec): boolean {
	const last = parameters.findLast((parameter) => nameOf(parameter) === 'mount.devfs');
	return last === undefined || last === 'mount.devfs' || /=(true|1)$/.test(last);
}

/** Undefined where there is no /dev, or where the container names rules of its own. */
function devfsRules(spec: SandboxSpec): number | undefined {
	if (!mountsDevfs(spec) || spec.parameters.some((parameter) => nameOf(parameter) === 'devfs_ruleset'))
		return undefined;
	return spec.driver === 'vnet' ? DEVFS_RULES.vnet : DEVFS_RULES.jail;
}

/** An image without ifconfig(8) has no network either: then its address says so, where one is wanted. */
function loopback(container: string, { driver }: SandboxSpec): Script {
	return driver === 'vnet' ? sh`jexec ${container} ifconfig lo0 inet 127.0.0.1/8 up 2>/dev/null || :` : sh`:`;
}

/**
 * Removes the jail with the number `$jid`, whose processes end with it. Its interfaces are given back before: some of
 * them stay for minutes in a jail that is dying, and the kernel is calmer when they are not destroyed inside it.
 *
 * @param driver undefined: it may be any
 */
export function removeJail(
	container: string,
	driver: SandboxSpec['driver'] | undefined,
	{ cablesOf }: HandlerOptions,
): Script {
	return sh`${driver === 'ipnet' || driver === 'host' ? sh`:` : giveBack(container, cablesOf?.(container) ?? [])}
if ! words=$(jail -R "$jid" 2>&1) && jls -j "$jid" jid >/dev/null 2>&1; then
	printf '%s\\n' "$words" >&2
	exit 1
fi`;
}

/** @param known inner ends; none: they are looked for, by the marks of the outer ones */
function giveBack(container: string, known: readonly string[]): Script {
	const each = sh`ifconfig "$end" -vnet "$jid" 2>/dev/null || :`;
	if (known.length > 0) return sh`for end in ${known}; do ${each}; done`;
	// Whichever store it names: the jail is ours.
	const mark = `\tdescription: kleene:${container}`;
	return sh`ends= name=; IFS=${'\n'}; set -f
for line in $(ifconfig -a); do
	case $line in
	${mark}|${mark}' '*) case $name in epair*a) ends="$ends \${name%a}b" ;; esac ;;
	${'\t'}*) ;;
	*) name=\${line%%:*} ;;
	esac
done
set +f; unset IFS
for end in $ends; do ${each}; done`;
}
