import type { Chaincode, State } from '@medshare/chaincode-region';
import { problem } from '@medshare/problems';
import type { Proposal } from './messages.js';
import { simulate } from './simulate.js';

const proposal: Proposal = {
  version: 1,
  region: 'east',
  creator: 'harbor',
  function: 'run',
  args: null,
  time: 1,
  nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
};
const away = problem('storage.unavailable');
const store = { getMany: () => Promise.reject(away), range: () => Promise.reject(away) };
const running = (run: (state: State) => Promise<unknown>): Chaincode => ({
  name: 'test',
  version: '1',
  functions: { run: async ({ state }) => (await run(state), null) },
});
const simulated = (run: (state: State) => Promise<unknown>) => simulate(running(run), store, proposal, 'tx');

it('takes a refusal of the chaincode for a result', async () => {
  const refused = () => Promise.reject(problem('ledger.refused', { detail: 'no' }));
  expect(await simulated(refused)).toEqual({ kind: 'refused', code: 'ledger.refused', detail: 'no' });
});

it('has no result when the store fails, whatever the chaincode makes of it', async () => {
  const runs: ((state: State) => Promise<unknown>)[] = [
    (state) => state.get('key'),
    (state) => state.range('a', 'b'),
    (state) => state.get('key').catch(() => undefined),
    (state) => state.get('key').catch(() => Promise.reject(problem('ledger.refused'))),
  ];
  for (const run of runs) await expect(simulated(run)).rejects.toBe(away);
});
