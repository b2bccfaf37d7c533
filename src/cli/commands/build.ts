import type { Action } from '../invocation.ts';
import { type BuildOptions, buildConfig } from '../parse/build.ts';
import { line } from '../render/output.ts';
import { Progress } from './image.ts';

export const build: Action<BuildOptions> = async ({ args: [directory = ''], options, client }) => {
	const { packContext } = await import('../copy/context.ts');
	const { archive, dockerfile } = await packContext(directory, options.file);
	const context = await client.builds.send(archive);
	const progress = new Progress('stderr');
	const show = options.quiet ? () => {} : (content: Buffer) => progress.take(content);
	const id = await client.builds
		.build(buildConfig({ context, dockerfile }, options), show)
		.finally(() => progress.endLine());
	line(id);
};
