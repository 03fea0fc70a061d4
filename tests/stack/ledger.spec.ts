import { randomUUID } from 'node:crypto';
import { chaincode } from '@medshare/chaincode-region';
import { Cast, institutions, type Institution } from '@medshare/chaincode-region/cast.fixture';
import type { Ledger } from '@medshare/ledger';
import { freshDatabases } from '@medshare/ledger/embedded-network.fixture';
import { openFabricLedger } from '@medshare/ledger/fabric.driver';
import { ledgerContract } from '@medshare/ledger/ledger.port.contract';
import { accessOf, serveOnNetwork } from './fabric-chaincode.js';
import { describedStack } from './running-stack.js';

const { fabric } = await describedStack();
if (!fabric) throw new Error('no network is up: npm run stack -- up fabric');

// the suite of the embedded ledger, on peers and orderers of Hyperledger Fabric
ledgerContract(`Fabric ${fabric.release}, Gateway: ${fabric.gatewayService}`, async () => {
  const cast = new Cast('intl', {}, Date.now());
  const name = `contract-${randomUUID().slice(0, 8)}`;
  const served = await serveOnNetwork(fabric, { name, region: cast.region, chaincode, bundle: 'ab'.repeat(32) });
  const { urls, drop } = await freshDatabases();
  const ledgers = new Map<Institution, Ledger>();
  const open = async (institution: Institution): Promise<void> => {
    const opened = await openFabricLedger({
      institution,
      region: cast.region,
      privateKey: cast.keys.get(institution)!.ledger.privateKey,
      url: urls[institution],
      access: await accessOf(fabric, institution, name),
      settings: { endorseMs: 60_000 },
    });
    ledgers.set(institution, opened);
  };
  for (const institution of institutions) await open(institution);
  return {
    cast,
    storm: 100,
    ledger: (institution) => ledgers.get(institution)!,
    async restart(institution) {
      await ledgers.get(institution)!.close();
      await open(institution);
    },
    async stop() {
      for (const ledger of ledgers.values()) await ledger.close();
      await served.stop();
      await drop();
    },
  };
});
