/**
 * Official container images of FreeBSD: an OCI image layout in a tar archive, with one layer that has the whole root file
 * system (release/scripts/make-oci-image.sh of freebsd-src). Other layouts work too, if they hold one image.
 */
import { type Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../refusals.ts';

const WHAT = 'cannot create the image';

/** Program of awk(1): prints the digests of the descriptors in the array `want` of a JSON object, in their order. */
const DIGESTS = `
{ text = text $0 " " }
END {
	length_of_text = length(text)
	for (i = 1; i <= length_of_text; i++) {
		c = substr(text, i, 1)
		if (c == "{" || c == "[") key[++depth] = ""
		else if (c == "}" || c == "]") depth--
		else if (c == "\\"") {
			word = ""
			while (++i <= length_of_text && (c = substr(text, i, 1)) != "\\"") {
				if (c == "\\\\") c = c substr(text, ++i, 1)
				word = word c
			}
			after = substr(text, i + 1, 40)
			sub(/^[ \\t\\r]+/, "", after)
			if (substr(after, 1, 1) == ":") key[depth] = word
			else if (depth == 3 && key[1] == want && key[3] == "digest") print word
		}
	}
}`;

const refuseLayout = (why: string | Script) =>
	refusal({
		code: 'IMAGE_FAILED',
		what: WHAT,
		why,
		hint: 'use an official image of FreeBSD (container-image-*.txz), or "klee image load -i FILE" for other images',
	});

/** Program of awk(1): whether the first names of an archive are those that "docker save" writes, and no others. */
const OF_DOCKER = `
{ sub(/^\\.\\//, "") }
$0 == "" || $0 == "." { next }
/^manifest\\.json$/ { found = 1; next }
/^repositories$/ { next }
match($0, /^[0-9a-f]+/) && RLENGTH == 64 { next }
{ other = 1 }
END { exit !(found && !other) }`;

/**
 * The shell function `refuse_docker ARCHIVE`: an archive of images is not unpacked as a root file system. It has few names,
 * so that only the first ones are looked at.
 */
export const REFUSE_DOCKER: Script = sh`refuse_docker() {
	if tar -tf "$1" 2>/dev/null | head -n 200 | awk ${OF_DOCKER}; then
		${refusal({
			code: 'IMAGE_FAILED',
			what: WHAT,
			why: 'it is an archive of an image (docker save), not of a root file system',
			hint: 'load it with "klee image load -i FILE"',
		})}
	fi
}`;

/**
 * The shell functions `is_layout ARCHIVE` and `unpack_layout ARCHIVE DIRECTORY`, beside those of base-system.ts. Blobs are
 * checked against their digests; nothing in the layout is followed as a link.
 */
export const OCI_LAYOUT: Script = sh`is_layout() {
	tar -tf "$1" 2>/dev/null | head -n 20 | grep -Eq '^(\\./)?(oci-layout|index\\.json|blobs)(/|$)'
}
digests() {
	[ "$(wc -c <"$1")" -lt 1000000 ] || return 1
	awk -v want="$2" ${DIGESTS} "$1"
}
find_blob() {
	case $1 in
	sha256:*[!0-9a-f]* | sha256:) return 1 ;;
	sha256:*) blob=$layout/blobs/sha256/\${1#sha256:} ;;
	*) return 1 ;;
	esac
	[ -f "$blob" ] && ! [ -L "$blob" ] && [ "sha256:$(sha256 -q "$blob")" = "$1" ]
}
unpack_layout() {
	layout=$download.oci
	rm -rf "$layout"
	mkdir "$layout"
	unpack "$1" "$layout" >/dev/null
	for name in index.json blobs blobs/sha256; do
		if [ -L "$layout/$name" ] || ! [ -e "$layout/$name" ]; then ${refuseLayout(sh`"the archive is no OCI layout: $name is not in it"`)}; fi
	done
	manifest=$(digests "$layout/index.json" manifests) || manifest=
	case $manifest in
	*' '* | *'\n'*) ${refuseLayout('the OCI layout holds several images')} ;;
	esac
	find_blob "$manifest" || ${refuseLayout(sh`"the OCI layout has no manifest with the digest '$manifest'"`)}
	layers=$(digests "$blob" layers) || layers=
	[ -n "$layers" ] || ${refuseLayout('the OCI image has no layers')}
	for layer in $layers; do
		find_blob "$layer" || ${refuseLayout(sh`"the OCI layout has no layer with the digest '$layer'"`)}
		case $layers in
		*'\n'*)
			if tar -tf "$blob" 2>/dev/null | grep -Eq '(^|/)\\.wh\\.'; then
				${refuseLayout('a layer of the OCI image removes files of another one')}
			fi ;;
		esac
		unpack "$blob" "$2"
	done
	rm -rf "$layout"
}`;
