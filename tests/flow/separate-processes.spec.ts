import { emergencyFlow } from './emergency-flow.js';
import { recordFlow } from './record-flow.js';

recordFlow('each institution in a process of its own, suite intl', { separate: true }, emergencyFlow);
