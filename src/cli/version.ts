import metadata from '../../package.json' with { type: 'json' };

export const VERSION_LINE = `klee, version ${metadata.version}`;
