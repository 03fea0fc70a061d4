export { systemClock, type Clock } from './clock.js';
export { systemRandom, type Random } from './random.js';
