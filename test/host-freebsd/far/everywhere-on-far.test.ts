/**
 * The acceptance cases for either host, on the far side made of scripts: what a FreeBSD would do with what is sent there
 * is not known by this, but that it runs on a real sh, in the right order, with real processes, is. Those about packets
 * are left to real hosts.
 */
process.env.KLEENE_TEST_HOST = 'far';
await import('#test/acceptance/everywhere/walkthrough.test.ts');
await import('#test/acceptance/everywhere/sessions.test.ts');
await import('#test/acceptance/everywhere/names.test.ts');
await import('#test/acceptance/everywhere/restart.test.ts');
await import('#test/acceptance/everywhere/addresses.test.ts');
