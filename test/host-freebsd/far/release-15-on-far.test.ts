/** The same cases as in everywhere-on-far.test.ts, where the programs of the far side are those of FreeBSD 15. */
process.env.KLEENE_TEST_HOST = 'far';
process.env.KLEENE_TEST_FAR_RELEASE = '15.0';
await import('#test/acceptance/everywhere/walkthrough.test.ts');
await import('#test/acceptance/everywhere/names.test.ts');
