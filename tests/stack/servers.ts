import type { StackServer } from './server.js';
import { kafka, nodes } from './servers/kafka.js';
import { postgres } from './servers/postgres.js';
import type { Stack } from './stack.js';

/** Parts of the stack that can be asked for; a part is one or several servers. */
export const parts: Record<string, (stack: Stack) => StackServer[]> = {
  postgres: (stack) => [postgres(stack)],
  kafka: (stack) => nodes.map((node) => kafka(stack, node)),
};

export const serversOf = (stack: Stack, wanted: readonly string[] = Object.keys(parts)): StackServer[] =>
  wanted.flatMap((name) => parts[name]?.(stack) ?? []);
