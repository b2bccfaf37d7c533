/** The guides on the host made of scripts: those lines that are not about what a process finds inside of its container. */
process.env.KLEENE_TEST_HOST = 'far';
await import('#test/guides/containers.test.ts');
await import('#test/guides/builds.test.ts');
await import('#test/guides/limits.test.ts');
await import('#test/guides/base-images.test.ts');
