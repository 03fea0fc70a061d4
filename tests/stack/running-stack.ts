import { readDescription, type Description } from './describe-stack.js';
import { defaultCache } from './places.js';
import { openStack, type Stack } from './stack.js';

/** Folder of the stack that `npm run test:stack` brought up. */
export const stateFolder = (): string => {
  const state = process.env['STACK_STATE'];
  if (state === undefined) throw new Error('no stack: run it by npm run test:stack');
  return state;
};

export const describedStack = async (state = stateFolder()): Promise<Description> => {
  const described = await readDescription(state);
  if (!described) throw new Error(`no stack is up in ${state}`);
  return described;
};

export async function runningStack(state = stateFolder()): Promise<Stack> {
  const { basePort } = await describedStack(state);
  return openStack({ state, cache: defaultCache(process.env), basePort });
}
