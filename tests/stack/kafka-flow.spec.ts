import { recordFlow } from '../flow/record-flow.js';
import { startBrokers } from './kafka-brokers.js';

const brokers = await startBrokers();
afterAll(() => brokers.stop());

// the suite of the embedded drivers, with nothing but the bus different
recordFlow('its events in Kafka', { env: { MEDSHARE_BUS: `kafka://${brokers.addresses.join(',')}` } });
