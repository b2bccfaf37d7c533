/**
 * The tests for a real FreeBSD host, on the far side made of scripts: this shows that they run, with a few of the moments at
 * which the daemon is killed. What a kernel makes of it is for `KLEENE_TEST_HOST=ssh://root@HOST npm test` to say.
 */
process.env.KLEENE_TEST_HOST = 'far';
process.env.KLEENE_TEST_KILLS ??= '2';
await import('#test/acceptance/freebsd/cost.test.ts');
await import('#test/acceptance/freebsd/by-hand.test.ts');
await import('#test/acceptance/freebsd/cut.test.ts');
await import('#test/acceptance/freebsd/killed.test.ts');
