import { runKlee } from './program.ts';
import { takeSignals } from './session/signals.ts';

takeSignals();

// No await: the bundle is CommonJS, which starts faster.
void runKlee(process.argv.slice(2)).then((code) => {
	process.exitCode = code;
});
