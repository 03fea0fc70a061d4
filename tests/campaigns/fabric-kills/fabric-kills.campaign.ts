import { lastingFindings } from '../../faults/run-fsck.js';
import { chainKills, ChainUnderFire } from '../../stack/chain-under-fire.js';
import { together, type Campaign, type Finding, type Outcome, type Part } from '../campaign.js';

/** Messages acknowledged around each kill. */
const messages = 5_000;

/** Each part of the network, and the client at each of its steps, on a network of its own. */
export const fabricKills: Campaign = {
  name: 'fabric-kills',
  about: `SIGKILL of a part of the Fabric network or of its client, ${messages} acknowledged messages around each: all anchored once, in order`,
  units: chainKills.length,
  part: 1,
  async run({ from, onProgress }: Part): Promise<Outcome> {
    const kill = chainKills[from % chainKills.length]!;
    const fire = await ChainUnderFire.start();
    try {
      const { acknowledged, meanwhile, caughtUpMs, broken } = await fire.survive(kill, messages);
      const disagreements = (await lastingFindings(fire.data)).map((one) => JSON.stringify(one));
      onProgress(1);
      const found = (what: string, details: readonly string[]): Finding[] =>
        details.map((detail) => ({ unit: from, what, detail }));
      const seconds = Math.round(caughtUpMs / 1000);
      return together(
        { counts: { acknowledged, 'acknowledged meanwhile': meanwhile }, peaks: {}, findings: found(kill, broken) },
        {
          counts: { [`kills: ${kill}`]: 1, 'sent again': fire.hospital.repeated },
          peaks: { 's until caught up': seconds, [`s until caught up: ${kill}`]: seconds },
          findings: found('fsck', disagreements),
        },
      );
    } finally {
      await fire.close();
    }
  },
};
