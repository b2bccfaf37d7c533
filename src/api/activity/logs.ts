/** Output of containers as it is kept. The client bundles this. */
import Type from 'typebox';

export const LogQuery = Type.Object({
	follow: Type.Optional(Type.Boolean({ description: 'wait for more until the container ends' })),
	tail: Type.Optional(Type.Integer({ minimum: 0, description: 'number of lines at the end to begin with' })),
	since: Type.Optional(Type.String({ description: 'ISO 8601: lines that began at this time or later' })),
	until: Type.Optional(Type.String({ description: 'ISO 8601: lines that began before this time' })),
	timestamps: Type.Optional(Type.Boolean({ description: 'put the time in front of each line' })),
});
export type LogQuery = Type.Static<typeof LogQuery>;
