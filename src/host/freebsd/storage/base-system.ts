/** Archives on their way into an image: from the mirrors of FreeBSD, from a server, or from the host itself. */
import { IMAGE_TEXTS } from '#errors/image-texts.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import { lines, Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../refusals.ts';
import { OCI_LAYOUT, REFUSE_DOCKER } from './oci-layout.ts';

/** Releases move from the first to the second when they are no longer supported. */
const CURRENT = 'https://download.freebsd.org/releases';
const ARCHIVE = 'https://archive.freebsd.org/old-releases';

const WHAT = 'cannot create the image';

/**
 * `download URL...`: the first that there is, to `$download`; what fetch(1) said to the last is in `$words`.
 *
 * fetch is in the background, as on no terminal it tells nothing on the way.
 */
const DOWNLOAD: Script = sh`download() {
	for url; do
		printf 'Fetching %s...\\n' "$url"
		rm -f "$download" "$download.end"
		total=$(fetch -s -T "$patience" "$url" 2>/dev/null) || total=
		{ code=0; fetch -q -T "$patience" -o "$download" "$url" 2>"$download.words" || code=$?; echo "$code" >"$download.end"; } &
		fetching=$!
		shown=0
		while [ ! -s "$download.end" ] && kill -0 "$fetching" 2>/dev/null; do
			sleep 0.5
			[ -f "$download" ] || continue
			megabytes=$(($(wc -c <"$download") / 1000000))
			if [ "$megabytes" -ge "$((shown + 10))" ]; then
				shown=$megabytes
				case $total in
				'' | *[!0-9]*) printf 'Fetched %s MB...\\n' "$megabytes" ;;
				*) printf 'Fetched %s of %s MB...\\n' "$megabytes" "$((total / 1000000))" ;;
				esac
			fi
		done
		wait "$fetching" || :
		words=$(tr '\\n\\t' '  ' <"$download.words")
		if [ "$(cat "$download.end" 2>/dev/null)" = 0 ]; then return 0; fi
	done
	return 1
}`;

const HOSTILE = refusal({
	code: 'HOSTILE_ARCHIVE',
	what: WHAT,
	why: sh`'the archive has entries that would leave the image: '"$words"`,
	hint: 'use an archive of a whole root file system made with "tar -C ROOT -cf ARCHIVE ."',
	message: IMAGE_TEXTS.notExtracted,
});
const CORRUPT = refusal({
	code: 'IMAGE_FAILED',
	what: WHAT,
	why: sh`'could not extract tar archive: '"$words"`,
	hint: 'check that it is a complete tar archive, and that the pool has space (zpool list)',
	message: IMAGE_TEXTS.notExtracted,
});

/** Words of tar(1) for an entry that would leave the directory. */
export const HOSTILE_WORDS = 'Path contains|through symlink|Path is absolute';

/**
 * `unpack ARCHIVE DIRECTORY`: ends the step where tar(1) fails or an entry would leave the directory. tar tells too much
 * on the way.
 */
const UNPACK: Script = sh`unpack() {
	echo 'Unpacking contents and creating image...'
	{ code=0; tar -xvpf "$1" --numeric-owner -C "$2" 2>&1 || code=$?; echo "#tar $code"; } | awk -v words="$download.words" '
		BEGIN { printf "" >words }
		/^#tar / { code = $2; next }
		/^x / { if (++count % 5000 == 0) { print "Extracted " count " files..."; fflush() } }
		!/^x / || /: / { if (++said <= 3) print >words }
		/${new Script(HOSTILE_WORDS)}/ { hostile = 1; if (said > 3) print >words }
		END { if (code != 0) exit hostile ? 3 : 1 }' || {
		code=$?
		words=$(tr '\\n\\t' '  ' <"$download.words")
		if [ "$code" -eq 3 ]; then ${HOSTILE}; fi
		${CORRUPT}
	}
	echo 'Succesfully extracted binaries, creating image...'
}`;

export interface Download {
	/** File that an archive is kept in on its way. */
	readonly file: string;
	/** Milliseconds that a server may take to connect, and between two pieces of data. */
	readonly patience: number;
}

/** Pieces of the scripts below. */
function defined({ file, patience }: Download): Script {
	return lines(
		sh`download=${file} patience=${Math.ceil(patience / 1000)}`,
		DOWNLOAD,
		UNPACK,
		OCI_LAYOUT,
		REFUSE_DOCKER,
	);
}

/** For `undo` and afterwards: nothing of a download stays. */
export function forgetDownload(download: string): Script {
	return sh`rm -rf ${['', '.end', '.words', '.oci'].map((end) => `${download}${end}`)}`;
}

/** @param archive a word of the shell */
function unpackAny(archive: Script, directory: string): Script {
	return sh`if is_layout ${archive}; then unpack_layout ${archive} ${directory}; else refuse_docker ${archive}; unpack ${archive} ${directory}; fi`;
}

/**
 * The base system of the release that the host's kernel is of: base.txz from the mirror or from the archive of old releases,
 * and where there is none (a release that has packages only) the official container image with most of the base system.
 */
export function unpackDistribution(download: Download, directory: string): Script {
	const noRelease = refusal({
		code: 'UNSUPPORTED_HERE',
		what: WHAT,
		why: sh`'could not deduce url from FreeBSD version '"$release"`,
		hint: 'there is a base system for releases only: name an archive, "klee image create fetch URL"',
	});
	const failed = refusal({
		code: 'IMAGE_FAILED',
		what: WHAT,
		why: sh`'could not fetch file from url: '"$words"`,
		hint: 'check that the host reaches the mirrors of FreeBSD; or "klee image create fetch file:///path/FILE" with a base.txz or container-image-runtime.txz',
		message: IMAGE_TEXTS.notFetched,
	});
	return sh`${defined(download)}
release=$(uname -r)
release=\${release%-p[0-9]*}
case $release in
[0-9]*.[0-9]*-RELEASE) ;;
*) ${noRelease};;
esac
machine=$(uname -m) processor=$(uname -p)
place="/$machine/$release/base.txz"
if ! download ${CURRENT}"$place" ${ARCHIVE}"$place"; then
	case $words in
	*'Not Found'*) ;;
	*) ${failed} ;;
	esac
	printf 'There is no base.txz of FreeBSD %s: looking for its container images...\n' "$release"
	[ "$machine" = "$processor" ] || machine=$machine-$processor
	image=${`${CURRENT}/OCI-IMAGES/`}"$release/$processor/Latest/FreeBSD-$release-$machine-container-image"
	download "$image-notoolchain.txz" "$image-runtime.txz" || ${failed}
fi
${unpackAny(sh`"$download"`, directory)}
printf 'Created image from the automatically detected version: FreeBSD %s.\\n' "$release"`;
}

/** @param url `file:///path`, `http://` or `https://`, as the host sees it */
export function unpackArchive(url: string, download: Download, directory: string): Script {
	const path = pathOf(url);
	const missing = refusal({
		code: 'IMAGE_FAILED',
		what: WHAT,
		why: `could not fetch file from url: the host has no file ${path}`,
		hint: 'check the path: it is opened on the host of the containers',
		message: IMAGE_TEXTS.notFetched,
	});
	if (path !== undefined)
		return sh`${defined(download)}
[ -f ${path} ] || ${missing}
${unpackAny(sh`${path}`, directory)}`;
	const failed = refusal({
		code: 'IMAGE_FAILED',
		what: WHAT,
		why: sh`'could not fetch file from url: '"$words"`,
		hint: 'check the address: it is opened on the host of the containers',
		message: IMAGE_TEXTS.notFetched,
	});
	return sh`${defined(download)}
download ${url} || ${failed}
${unpackAny(sh`"$download"`, directory)}`;
}

/** Of a file; undefined for what a server has. */
function pathOf(text: string): string | undefined {
	const url = URL.parse(text);
	if (url?.protocol === 'http:' || url?.protocol === 'https:') return undefined;
	const path = /^file:\/{3}/i.test(text) && url ? decode(url.pathname) : undefined;
	if (path !== undefined && !path.includes('\0')) return path;
	throw new KleeneError({
		code: 'IMAGE_FAILED',
		what: WHAT,
		why: `could not fetch file from url: '${text.slice(0, 200)}' is no file:///, http:// or https:// address`,
		hint: 'write it in full, e.g. https://download.freebsd.org/... or file:///root/base.txz',
		message: IMAGE_TEXTS.notFetched,
	});
}

function decode(text: string): string | undefined {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
}
