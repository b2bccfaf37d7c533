import type { Layouts } from '#host/registry/layouts.ts';
import { sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';

/** Data of images on their way is on the machine of the daemon: nothing of it is a matter of scripts. */
export function layoutsHandler(layouts: Layouts): PartHandler<'layout'> {
	return {
		make: () => sh`:`,
		unmake: () => sh`:`,
		perform: (verb, part) => (options) => (verb === 'make' ? layouts.make(part, options) : layouts.unmake(part)),
		describe: (verb, part) => layouts.describe(verb, part),
	};
}
