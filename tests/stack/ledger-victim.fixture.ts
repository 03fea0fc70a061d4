// A process that is killed: opens harbor's ledger on the network, submits batches, and says which were committed.
import { readFileSync } from 'node:fs';
import { Cast } from '@medshare/chaincode-region/cast.fixture';
import { openFabricLedger, type FabricAccess } from '@medshare/ledger/fabric.driver';

interface Order {
  url: string;
  now: number;
  access: FabricAccess;
}

const { url, now, access } = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Order;
const cast = new Cast('intl', {}, now);
const { privateKey } = cast.keys.get('harbor')!.ledger;
const ledger = await openFabricLedger({ institution: 'harbor', region: cast.region, privateKey, url, access });
for (let batch = 0; ; batch++) {
  process.stdout.write(`begun ${batch}\n`);
  await ledger.submit('anchor', { institution: 'harbor', anchors: [cast.anchor(`victim/${batch}`)] });
  process.stdout.write(`done ${batch}\n`);
}
