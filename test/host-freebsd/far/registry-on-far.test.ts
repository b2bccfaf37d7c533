/** Registries and archives of images with the host made of scripts: skopeo, the registry, tar(1) of libarchive are real. */
process.env.KLEENE_TEST_HOST = 'far';
await import('#test/acceptance/everywhere/registry.test.ts');
