import { recordFlow } from './record-flow.js';

recordFlow('three institutions in one process', false);
