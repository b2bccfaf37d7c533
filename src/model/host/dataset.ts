import { IMAGE_TEXTS } from '#errors/image-texts.ts';
import { KleeneError } from '#errors/kleene-error.ts';

/** Source: zfs(8), zpool(8). A snapshot (`@`), bookmark (`#`) or path (`/` in front) is none. */
const POOL = /^[a-zA-Z][a-zA-Z0-9_.:-]*$/;
const COMPONENT = /^[a-zA-Z0-9_.:-]+$/;
const LONGEST = 255;

/** The name of a ZFS file system as a user typed it, e.g. `zroot/jails/base`. */
export function parseDataset(text: string): string {
	const [pool = '', ...components] = text.split('/');
	const sound = components.every((name) => COMPONENT.test(name) && name !== '.' && name !== '..');
	if (POOL.test(pool) && sound && text.length <= LONGEST) return text;
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot use '${text.slice(0, 80)}' as a dataset`,
		why: 'a dataset is POOL or POOL/NAME/..., without a "/" in front, without a snapshot behind',
		hint: 'see "zfs list -t filesystem" for those there are',
		message: IMAGE_TEXTS.noDataset,
	});
}
