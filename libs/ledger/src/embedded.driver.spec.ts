import { Cast, institutions } from '@medshare/chaincode-region/cast.fixture';
import { EmbeddedNetwork, freshDatabases } from './embedded-network.fixture.js';
import { ledgerContract } from './ledger.port.contract.js';

ledgerContract('embedded', async () => {
  const { urls, drop } = await freshDatabases();
  const cast = new Cast('intl', {}, Date.now());
  // three members answer a storm from one thread, beside whatever else the machine does
  const patient = { settings: { endorseMs: 60_000 } };
  const changes = Object.fromEntries(institutions.map((id) => [id, patient]));
  const network = await new EmbeddedNetwork(cast, urls, changes).start();
  return {
    cast,
    storm: wholeHunts ? 100 : 40,
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
