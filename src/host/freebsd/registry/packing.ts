/** Layers as archives in the format of OCI: a dataset has the files of all layers below, so it is compared with the next one. */
import { PassThrough, Readable } from 'node:stream';
import { KleeneError } from '#errors/kleene-error.ts';
import { headerOf } from '#os/archive/packing/tar-writer.ts';
import { sendFiles } from '#os/archive/send-layer.ts';
import { WHITEOUT } from '#os/archive/whiteouts.ts';
import { compareTrees, parseTree, TREE_KINDS, type Tree } from '#os/freebsd/mtree.ts';
import { errorOutput } from '#os/shell/error-output.ts';
import { sh } from '#os/shell/quote.ts';
import type { Shell } from '#os/shell/shell.ts';
import { unreachable } from '../batch.ts';
import type { Paths } from '../paths.ts';
import { ask } from '../question.ts';
import type { Section } from '../section.ts';

/** Keywords of mtree(5); `kinds` are enough where there is nothing to compare with. */
const KEYWORDS = { kinds: '!all,type', all: '!all,type,mode,uid,gid,time,link,size,sha256' };

/**
 * The changes of a layer, in pieces.
 *
 * @param below the layer that it stands on; undefined: none
 */
export async function* packLayer(
	shell: Shell,
	paths: Paths,
	{ layer, below }: { readonly layer: string; readonly below: string | undefined },
): AsyncGenerator<Buffer> {
	const root = paths.layer(layer);
	const { present, removed } = await changesOf(shell, root, below === undefined ? undefined : paths.layer(below));
	const script = sh`cd ${root} && exec tar -cf - --null -n -T - --numeric-owner --no-fflags --no-acls`;
	const session = await shell.open(script).catch((error: unknown) => {
		throw unreachable(error);
	});
	const said = errorOutput(session);
	const out = new PassThrough();
	const pack = async () => {
		for (const path of removed) out.write(whiteout(path));
		Readable.from(present.map((path) => Buffer.from(`./${path}\0`, 'latin1'))).pipe(session.stdin);
		await sendFiles({ bytes: session.stdout, size: undefined }, out, {});
		const code = await session.exited;
		if (code !== 0) throw failed(layer, said(), code);
		out.end();
	};
	const packing = pack().catch((error: unknown) => void out.destroy(unreachable(error) as Error));
	try {
		yield* out as AsyncIterable<Buffer>;
	} finally {
		out.destroy();
		session.close();
		await packing;
	}
}

/** Paths in the order of their bytes, a character each. */
async function changesOf(shell: Shell, root: string, below: string | undefined) {
	if (below === undefined) {
		const [tree] = await ask(shell, [listing(root, KEYWORDS.kinds)]);
		return compareTrees(tree, new Map());
	}
	const [tree, lower] = await ask(shell, [listing(root, KEYWORDS.all), listing(below, KEYWORDS.all)]);
	return compareTrees(tree, lower);
}

function listing(root: string, keywords: string): Section<Tree> {
	return {
		script: sh`tar -cf - --format=mtree --options=${keywords} -C ${root} .`,
		parse: (output) => parseTree(output, TREE_KINDS),
	};
}

function whiteout(path: string): Buffer {
	const at = path.lastIndexOf('/') + 1;
	const name = Buffer.from(`${path.slice(0, at)}${WHITEOUT}${path.slice(at)}`, 'latin1');
	return headerOf({ type: 'file', path: name, mode: 0, uid: 0, gid: 0, size: 0, mtime: 0 });
}

function failed(layer: string, said: string, code: number): KleeneError {
	return new KleeneError({
		code: 'IMAGE_FAILED',
		what: `cannot pack layer ${layer}`,
		why: said.trim().split('\n').slice(-3).join('; ') || `tar ended with exit code ${code}`,
		hint: 'see the reason, and try again',
	});
}
