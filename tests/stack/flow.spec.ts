import { recordFlow } from '../flow/record-flow.js';
import { institutionsFolder } from './found-institutions.js';
import { describedStack, stateFolder } from './running-stack.js';

// the suite of the embedded drivers, with nothing but the configuration different
recordFlow('on the servers that operators run', {
  data: institutionsFolder(stateFolder()),
  portBase: (await describedStack()).basePort,
});
