import Type from 'typebox';

const command = {
	cmd: Type.Array(Type.String(), { default: [], description: "[] = the container's command" }),
	user: Type.String({ default: '', description: "'' = the container's user" }),
	env: Type.Array(Type.String(), { default: [], description: "merged over the container's" }),
	tty: Type.Boolean({ default: false }),
	workdir: Type.Optional(
		Type.String({ pattern: '^/', description: "ours: working directory; absent = the container's" }),
	),
};

/** Command to run, independent of the container. */
export const CommandConfig = Type.Object(command, { $id: 'CommandConfig' });
export type CommandConfig = Type.Static<typeof CommandConfig>;

export const ExecConfig = Type.Object({ container_id: Type.String(), ...command }, { $id: 'ExecConfig' });
export type ExecConfig = Type.Static<typeof ExecConfig>;

/** Ours: terminal and input of an attached client. */
export const terminal = {
	/** Terminal size at the start. */
	rows: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
	columns: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
	/** Whether the client will send input. Absent (the original's clients): true. */
	stdin: Type.Optional(Type.Boolean()),
};

/** First frame of `/exec/start`. */
export const ExecStartConfig = Type.Object(
	{
		exec_id: Type.String(),
		attach: Type.Boolean(),
		start_container: Type.Boolean(),
		...terminal,
	},
	{ $id: 'ExecStartConfig' },
);
export type ExecStartConfig = Type.Static<typeof ExecStartConfig>;
