import { readDescription, type Description } from './describe-stack.js';

/** Folder of the stack that `npm run test:stack` brought up. */
export const stateFolder = (): string => {
  const state = process.env['STACK_STATE'];
  if (state === undefined) throw new Error('no stack: run it by npm run test:stack');
  return state;
};

export const describedStack = async (): Promise<Description> => {
  const described = await readDescription(stateFolder());
  if (!described) throw new Error(`no stack is up in ${stateFolder()}`);
  return described;
};
