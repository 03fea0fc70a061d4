import { Cast } from '@medshare/chaincode-region/cast.fixture';
import { EmbeddedNetwork, freshDatabases } from './embedded-network.fixture.js';
import { ledgerContract } from './ledger.port.contract.js';

ledgerContract('embedded', async () => {
  const { urls, drop } = await freshDatabases();
  const cast = new Cast('intl', {}, Date.now());
  const network = await new EmbeddedNetwork(cast, urls).start();
  return {
    cast,
    ledger: (institution) => network.ledger(institution),
    async restart(institution) {
      await network.close(institution);
      await network.open(institution);
    },
    async stop() {
      await network.stop();
      await drop();
    },
  };
});
