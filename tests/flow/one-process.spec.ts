import { recordFlow } from './record-flow.js';

recordFlow('three institutions in one process, suite sm', { suite: 'sm' });
