/** The acceptance cases about what containers do, on the far side made of scripts: see everywhere-on-far.test.ts. */
process.env.KLEENE_TEST_HOST = 'far';
await import('#test/acceptance/everywhere/logs.test.ts');
await import('#test/acceptance/everywhere/health.test.ts');
await import('#test/acceptance/everywhere/builds.test.ts');
await import('#test/acceptance/everywhere/limits.test.ts');
await import('#test/acceptance/everywhere/confinement.test.ts');
await import('#test/acceptance/everywhere/copy.test.ts');
await import('#test/acceptance/everywhere/attach.test.ts');
