import { bringUp } from './bring-up.js';
import { readDescription } from './describe-stack.js';
import { defaultBasePort, defaultCache, defaultState } from './places.js';
import { serversOf } from './servers.js';
import { openStack } from './stack.js';

const servers = ['postgres', 'keycloak', 'kafka', 'kubo', 's3'];

/** The stack at its usual place, or at STACK_STATE; brought up when it does not run, and left running. @returns its folder */
export async function usualStack(): Promise<string> {
  const state = process.env['STACK_STATE'] ?? defaultState(process.env);
  const basePort = (await readDescription(state))?.basePort ?? defaultBasePort;
  const stack = openStack({ state, cache: defaultCache(process.env), basePort });
  await bringUp(stack, serversOf(stack, servers), (line) => void process.stderr.write(`${line}\n`));
  return state;
}
