import { usageError } from '../failure.ts';
import { text } from '../render/output.ts';

/**
 * The scripts know nothing about klee: they hand the words to `klee __complete`, which reads the tree of commands. So
 * they never are behind the klee that is installed.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
	bash: `# klee completion for bash: source <(klee completion bash)
_klee() {
	local line=\${COMP_LINE:0:COMP_POINT} current prefix candidate
	local -a words
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	current=\${words[\${#words[@]} - 1]}
	# readline splits words at ":" and "=" and replaces only what follows them
	prefix=\${current%"\${current##*[:=]}"}
	COMPREPLY=()
	while IFS=$'\\t' read -r candidate _; do
		if [[ $candidate == :files ]]; then
			compopt -o default
		elif [[ -n $candidate ]]; then
			COMPREPLY+=("\${candidate#"$prefix"}")
			[[ $candidate == *= ]] && compopt -o nospace
		fi
	done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _klee klee
`,
	zsh: `#compdef klee
# klee completion for zsh: source <(klee completion zsh), or save it as _klee in a folder of $fpath
_klee() {
	local line
	local -a found described
	found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ \${found[1]} == :files* ]]; then
		_files
		return
	fi
	for line in $found; do
		described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
	done
	_describe -t klee klee described
}
if [[ \${funcstack[1]} == _klee ]]; then
	_klee "$@"
else
	compdef _klee klee
fi
`,
	fish: `# klee completion for fish: klee completion fish | source
function __klee_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l found ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
	if string match -q ':files*' -- "$found"
		__fish_complete_path "$current"
		return
	end
	printf '%s\\n' $found
end
complete -c klee -f -a '(__klee_complete)'
`,
};

function scriptFor(shell: string): string {
	const script = SCRIPTS[shell];
	if (script !== undefined) return script;
	throw usageError(
		`there is no completion for '${shell}'`,
		'klee knows bash, zsh and fish',
		'e.g. source <(klee completion bash)',
	);
}

export function printScript(shell: string): void {
	text(scriptFor(shell));
}
