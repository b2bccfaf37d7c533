import type { FileChange } from '#api/activity/changes.ts';
import { type Action, each } from '../../invocation.ts';
import { bytes, line, whenWritable } from '../../render/output.ts';

const LETTERS: Readonly<Record<FileChange['kind'], string>> = { added: 'A', changed: 'C', deleted: 'D' };

/** `A /path` for what was added to the image, C for changed, D for deleted. With --json: lines of JSON. */
export const diff: Action<{ json?: boolean }> = async ({ args: [container = ''], options, client }) => {
	await client.activity.changes(container, async (change) => {
		const text = options.json ? JSON.stringify(change) : `${LETTERS[change.kind]} ${printable(change.path)}`;
		if (!bytes('stdout', Buffer.from(`${text}\n`))) await whenWritable();
	});
};

/** Names are chosen in the container: they must not move the cursor of the reader. */
function printable(path: string): string {
	return path.replace(/\p{Cc}/gu, '?');
}

/** Exit codes, one line each; an empty one where it is not known. */
export const wait: Action<object> = ({ args, client }) =>
	each(args, async (container) => line(String((await client.activity.wait(container)).exit_code ?? '')));
