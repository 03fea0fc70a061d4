// A process that is killed: runs the demo region's members, submits batch after batch, and says which batches were committed.
import { Cast, institutions, type Institution } from '@medshare/chaincode-region/cast.fixture';
import { EmbeddedNetwork } from './embedded-network.fixture.js';

const [urls, from] = process.argv.slice(2) as [string, string];
const network = new EmbeddedNetwork(new Cast('intl', {}, Date.now()), JSON.parse(urls) as Record<Institution, string>);
await network.start();
const submit = async (institution: Institution, batch: number): Promise<void> => {
  const anchors = [0, 1, 2].map((i) => network.cast.anchor(`${institution}/${batch}/${i}`));
  process.stdout.write(`begun ${institution} ${batch}\n`);
  await network.ledger(institution).submit('anchor', { institution, anchors });
  process.stdout.write(`done ${institution} ${batch}\n`);
};
const run = async (institution: Institution): Promise<void> => {
  for (let batch = Number(from); ; batch++) await submit(institution, batch);
};
await Promise.all(institutions.map(run));
