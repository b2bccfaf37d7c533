import { Script, sh } from '#os/shell/quote.ts';

/**
 * Results that scripts of one exchange pass to later ones, in variables of their shared shell: later ones need not
 * look themselves, which would cost the host a process. After a step that failed, and alone, nothing is told: then they look.
 *
 *     kleene_mounts      what mount(8) says, as long as that is so
 *     kleene_made        id of a container whose jail was just made: no process, nothing mounted but its /dev
 *     kleene_interface   name of an interface that was just made: no address
 *     kleene_cable       inner end of a cable that a container just got: no address, no route; no member of a bridge
 *     kleene_gone        id of a container of which nothing is left but its files and the outer ends of its cables
 *     kleene_pf          `yes`: the host has pf
 */
export type Known = 'made' | 'interface' | 'cable' | 'gone' | 'pf';

export function tell(known: Known, value: string): Script {
	return sh`${new Script(`kleene_${known}`)}=${value}`;
}

/** A condition for `if`. */
export function isTold(known: Known, value: string): Script {
	return sh`[ "$${new Script(`kleene_${known}`)}" = ${value} ]`;
}
