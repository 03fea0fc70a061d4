import { isAdult, isChild } from './planted.js';

it('looks at one decision only', () => {
  expect([17, 18, 19].map(isAdult)).toEqual([false, true, true]);
  [17, 18, 19].map(isChild);
});
