import Type from 'typebox';

/** How the first process of a container was started. */
export const Attachable = Type.Object(
	{ tty: Type.Boolean(), stdin: Type.Boolean({ description: 'it takes input' }) },
	{ $id: 'Attachable' },
);
export type Attachable = Type.Static<typeof Attachable>;

/** First frame of `/containers/attach`. */
export const AttachConfig = Type.Object(
	{
		container_id: Type.String({ description: 'name or id' }),
		/** Size of the terminal. */
		rows: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
		columns: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
		/** Whether the client will send input. Absent: true. */
		stdin: Type.Optional(Type.Boolean()),
	},
	{ $id: 'AttachConfig' },
);
export type AttachConfig = Type.Static<typeof AttachConfig>;
