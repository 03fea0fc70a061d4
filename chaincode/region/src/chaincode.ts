import { amend } from './amend.js';
import { anchor } from './anchor.js';
import { approve } from './approve.js';
import { checkpoint } from './checkpoint.js';
import { consent } from './consent.js';
import { emergency } from './emergency.js';
import { init } from './init.js';
import { request } from './request.js';
import { revoke } from './revoke.js';
import type { Chaincode } from './state.js';

/** The region's chaincode: deterministic, free of clocks, randomness and floating point; hosts run it by this table. */
export const chaincode: Chaincode = {
  name: 'region',
  version: '1',
  functions: { init, amend, anchor, request, approve, revoke, emergency, consent, checkpoint },
};
