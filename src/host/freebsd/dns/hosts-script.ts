/**
 * The lines of Kleene in /etc/hosts of a container: for each network a block between two marker lines. Each of them ends
 * in a tag, by which it is found wherever it was moved to. All other lines are the user's.
 */

import type { NameEntry, NetworkNames } from '#model/host/host-names.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';

const MARK = '# kleene:';

/** Ends the lines of one network, or (`own`) of the container itself. */
export function tagOf(network: string): string {
	return `${MARK}${network}`;
}

/** Pattern of sh(1) that matches every tag. */
export const ANY_TAG = `${MARK}*`;

/** Renders the lines of one network, each with its newline. */
export function blockOf({ network, name, entries }: NetworkNames): string {
	if (entries.length === 0) return '';
	const about = [`# members of network ${name}, kept up to date by kleened`, `# end of network ${name}`];
	return tagged(network, [about[0]!, ...entries.map(line), about[1]!]);
}

/** Renders the names of the container that are on no network. */
export function ownBlockOf(entries: readonly NameEntry[]): string {
	return tagged('own', entries.map(line));
}

function line({ address, names }: NameEntry): string {
	return `${address}\t${names.join(' ')}`;
}

function tagged(network: string, texts: readonly string[]): string {
	return texts.map((text) => `${text}\t${tagOf(network)}\n`).join('');
}

/** Longer files are left alone, as the shell reads them line by line. */
const MOST_LINES = 20_000;

/**
 * The shell function `hosts_without FILE NEW TAGS BLOCK`: writes to NEW the lines of FILE that do not end in TAGS, then BLOCK.
 * It uses builtins only: an image may have no other programs.
 */
const HOSTS_WITHOUT: Script = sh`hosts_without() {
	count=0
	{
		if [ -f "$1" ]; then
			while IFS= read -r line || [ -n "$line" ]; do
				case $line in *$3) continue ;; esac
				printf '%s\\n' "$line" || return 1
				count=$((count + 1))
				[ "$count" -le ${MOST_LINES} ] || return 1
			done <"$1"
		fi
		printf '%s' "$4" || return 1
	} >"$2"
}`;

/**
 * Replaces /etc/hosts from inside a jail, with the arguments TAGS and BLOCK. Links of the container lead nowhere outside of
 * its root. The replacement is atomic.
 */
export const INSIDE: Script = lines(
	HOSTS_WITHOUT,
	sh`file=/etc/hosts
if [ -L "$file" ]; then file=$(readlink -f "$file") || exit; fi
[ -d "\${file%/*}" ] || exit
hosts_without "$file" "\${file%/*}/.hosts.kleene" "$1" "$2" && exec mv -f "\${file%/*}/.hosts.kleene" "$file"`,
);

/**
 * Replaces /etc/hosts from the host, for a container without processes. Succeeds, with the file as it was, where it is no
 * regular file or cannot be written.
 *
 * @param root of the container's files; the function `find_in_root` must be defined (storage/inroot.ts)
 */
export function rewriteFromHost(root: string, block: string): Script {
	return lines(
		HOSTS_WITHOUT,
		sh`find_in_root ${root} /etc/hosts 2>/dev/null || exit 0
file=$found directory=\${found%/*} new=\${found%/*}/.hosts.kleene
if [ -f "$file" ] || { ! [ -e "$file" ] && [ -n ${block} ]; }; then
	[ -d "$directory" ] || mkdir -p "$directory"
	if [ -e "$new" ] || [ -L "$new" ]; then rm -f "$new"; fi
	if hosts_without "$file" "$new" ${ANY_TAG} ${block}; then mv -f "$new" "$file" || :; else rm -f "$new"; fi
fi`,
	);
}
