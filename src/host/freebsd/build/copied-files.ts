/** COPY, ADD and WORKDIR: files put into the root of a container that does not run. */
import type { InlineFile } from '#model/build/files.ts';
import type { CopiedFilesPart } from '#model/parts/files.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import { refusal } from '../refusals.ts';
import { originRoot } from './contexts.ts';
import { FILL_FUNCTIONS, OWNER_FUNCTIONS } from './filling.ts';
import { LOOK_FOR_FILES, matchPattern } from './matching.ts';

export class CopiedFiles implements PartHandler<'copied-files'> {
	readonly #paths: Paths;

	constructor(paths: Paths) {
		this.#paths = paths;
	}

	/** What fails says so in the file `$work/words`; a refusal of ours is among them as it is. */
	make(part: CopiedFilesPart): Script {
		const work = this.#paths.copying(part.container);
		const failed = refusal({
			code: 'BUILD_FAILED',
			what: `cannot copy to ${part.destination}`,
			why: sh`"$words"`,
			hint: 'check the instruction, or choose another destination',
		});
		return sh`work=${work}
rm -rf "$work"; mkdir -p "$work"
set +e
( set -e
${this.#fill(part)}
) 2>"$work/words"
code=$?
set -e
refused=$(grep KLEENE-REFUSAL "$work/words") || refused=
words=$(tail -n 3 "$work/words" | tr '\\n\\t' '; ')
rm -rf "$work"
if [ -n "$refused" ]; then
	printf '%s\\n' "$refused" >&2
	exit 1
fi
[ "$code" -eq 0 ] || ${failed}`;
	}

	unmake({ container }: CopiedFilesPart): Script {
		return sh`rm -rf ${this.#paths.copying(container)}`;
	}

	describe(verb: 'make' | 'unmake', part: CopiedFilesPart): string[] {
		const sources = [...(part.from?.sources ?? []), ...part.files.map(({ name }) => name)];
		const root = this.#paths.containerRoot(part.container);
		return verb === 'make' ? [`cp -R ${sources.join(' ')} ${root}${part.destination}`] : [];
	}

	#fill(part: CopiedFilesPart): Script {
		const { from, files, owner, mode, destination, unpack } = part;
		const sources = from?.sources ?? [];
		const settings = sh`to=${this.#paths.containerRoot(part.container)} matched=$work/matched
mode=${mode === undefined ? '' : mode.toString(8)} unpack=${unpack ? 'yes' : ''} destination=${destination}
: >"$matched"`;
		const functions = lines(LOOK_FOR_FILES, OWNER_FUNCTIONS, FILL_FUNCTIONS);
		const begin = lines(functions, settings, sh`find_owner ${ownerWords(owner)}`);
		if (from === undefined && files.length === 0) return lines(begin, sh`make_directory "$destination"`);
		const root = from ? originRoot(this.#paths, from.origin) : '';
		const many = sources.length + files.length > 1 || destination.endsWith('/');
		return lines(
			begin,
			sh`from=${root}`,
			...sources.map((source) => matchPattern(sh`"$from"`, source)),
			sh`count=$(wc -l <"$matched") into=${many ? 'yes' : ''}`,
			sh`find_in_root "$to" "$destination"; [ ! -d "$found" ] || into=yes`,
			sh`[ "$count" -le 1 ] || into=yes`,
			sh`while IFS= read -r at; do copy_one "$at"; done <"$matched"`,
			...files.map(inline),
		);
	}
}

function inline({ name, content }: InlineFile): Script {
	return lines(
		sh`if [ -n "$into" ]; then place=$destination/${name}; else place=$destination; fi`,
		sh`printf '%s' ${content} >"$work/inline"; chmod "\${mode:-644}" "$work/inline"`,
		sh`put_file "$work/inline" "$place"`,
	);
}

/** User and group, `''` where it is not said. */
function ownerWords(owner: string): string[] {
	const at = owner.indexOf(':');
	return at < 0 ? [owner, ''] : [owner.slice(0, at), owner.slice(at + 1)];
}
