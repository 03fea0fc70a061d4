import { recordFlow } from '../flow/record-flow.js';
import { foundOnFabric, medshare } from './fabric-institutions.js';
import { describedStack } from './running-stack.js';

const { fabric } = await describedStack();
if (!fabric) throw new Error('no network is up: npm run stack -- up fabric');
const founded = await foundOnFabric(fabric);
afterAll(() => founded.stop());

// the suite of the embedded drivers, with nothing but the chain different
recordFlow(`its chain on Fabric ${fabric.release}, Gateway: ${fabric.gatewayService}`, founded, () => {
  it('shows in the status that each organisation has approved and runs the code of this release', async () => {
    const { committed, members } = (await medshare('chain', 'status', '--config', founded.config('harbor'))) as {
      committed: object;
      members: object[];
    };
    expect(committed).toMatchObject({ sequence: 1 });
    expect(members).toHaveLength(3);
    for (const member of members) expect(member).toMatchObject({ approved: true, sameCode: true });
  });
});
