import { emergencyFlow } from './emergency-flow.js';
import { recordFlow } from './record-flow.js';
import { secondProcess } from './second-process.js';

recordFlow('each institution in a process of its own, suite intl', { separate: true }, (demoOf) => {
  secondProcess(demoOf);
  emergencyFlow(demoOf);
});
