import { type Script, sh } from '#kernel/shell/quote.ts';
import { refusal, type ScriptRefusal } from './refusals.ts';

/** A refusal as one command, for after `||`: sh`test || ${otherwise(...)}`. */
export function otherwise(parts: ScriptRefusal): Script {
	return sh`{ ${refusal(parts)}; }`;
}
