import { main } from './main.js';

interface Around {
  env?: Record<string, string>;
  /** told what stands on stderr so far, whenever something is written */
  onNotice?: (text: string) => void;
  stop?: AbortSignal;
}

/** Runs the command line in this process, on no terminal. */
export async function callMain(
  args: readonly string[],
  { env = {}, onNotice = () => undefined, stop = new AbortController().signal }: Around = {},
) {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') =>
    ({
      isTTY: false,
      write: (text: string) => ((written[name] += text), onNotice(written.err), true),
    }) as unknown as NodeJS.WriteStream;
  const exitCode = await main({ args: [...args], stdout: stream('out'), stderr: stream('err'), env, stop });
  return { exitCode, ...written };
}
