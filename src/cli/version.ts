import metadata from '../../package.json' with { type: 'json' };

export const VERSION: string = metadata.version;

export const VERSION_LINE = `klee, version ${VERSION}`;
