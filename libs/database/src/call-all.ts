import type { Queryable } from './database.js';

/** A function of the database and its arguments, in their order. */
export interface Call {
  /** fixed in the code; qualified where it stands in another schema */
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Calls functions from the first to the last in one statement: one question to the database, and all of them or none take effect. */
export const callAll = async (on: Queryable, calls: readonly Call[]): Promise<void> => {
  if (calls.length === 0) return;
  let n = 0;
  const texts = calls.map(({ name, args }) => `${name}(${args.map(() => `$${++n}`).join(', ')})`);
  await on.query(
    `SELECT ${texts.join(', ')}`,
    calls.flatMap(({ args }) => args),
  );
};
