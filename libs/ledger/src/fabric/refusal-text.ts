import { isProblemCode, problem, type Problem } from '@medshare/problems';

/** The chaincode host says a refusal as JSON; peers and Gateways put words of theirs before it. */
const shown = /\{"code":.*\}/s;

/** @returns the refusal of the chaincode in a message of a peer; undefined when it is the message of somebody else */
export function refusalIn(message: string): Problem | undefined {
  const found = shown.exec(message)?.[0];
  if (found === undefined) return undefined;
  try {
    const { code, where, detail } = JSON.parse(found) as Record<string, unknown>;
    const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 512) : undefined);
    if (typeof code !== 'string') return undefined;
    return problem(isProblemCode(code) ? code : 'ledger.refused', { where: text(where), detail: text(detail) });
  } catch {
    return undefined;
  }
}
