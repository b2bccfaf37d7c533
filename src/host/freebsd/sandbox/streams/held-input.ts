/**
 * Input of a first process that was started with nobody attached: a shell holds its FIFO open until a client ends it, so that
 * it ends neither before somebody has attached, nor with a daemon or the connection to it.
 */
import { type Script, sh } from '#os/shell/quote.ts';

/** Starts the holder, with the FIFO of the input as descriptor 5. It has the other one from here, so that no word to it is lost. */
export function holdInput(directory: string): Script {
	return sh`exec 7<>${directory}/hold
daemon -f /bin/sh -c ${'read -r _ <&7'} 3>&- 4>&-
exec 7>&-`;
}

/** Lets the input end with those who still send some. For any run, also twice. */
export function releaseInput(directory: string): Script {
	return sh`[ ! -p ${directory}/hold ] || { exec 7<>${directory}/hold; echo >&7; exec 7>&-; }`;
}
