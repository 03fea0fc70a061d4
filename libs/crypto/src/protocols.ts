/** What does not depend on a backend. */
export { concat, equalBytes, fromBase64url, fromHex, fromUtf8, toBase64url, toHex, utf8 } from './bytes.js';
export { box, unbox, unwrapKey, wrapKey } from './box.js';
export { canonical, type Json } from './canonical.js';
export { checkCapsule, checkCapsules, sealCapsule, type Capsule } from './capsule.js';
export { acceptShare, checkDeal, deal, type Deal, type DealScope, type Shares } from './deal.js';
export { documentHash, signDocument, verifyDocument } from './document.js';
export {
  authorizedSubset,
  canonicalFormula,
  coefficients,
  delta,
  leavesOf,
  parseFormula,
  satisfies,
  type Formula,
} from './formula.js';
export {
  boxFragments,
  openCapsules,
  unboxFragments,
  type BoxedFragments,
  type Fragments,
  type GrantContext,
} from './fragments.js';
export { frame, unframe, type FramePart } from './frame.js';
export { lintFormula, type Finding } from './lint-formula.js';
export { chunkBytes, openBytes, openStream, paddedSize, sealBytes, sealStream, type Sealing } from './stream.js';
export type { Cipher, KeyPair, Suite, SuiteName } from './suite.js';
export type { Curve, Point } from './curve.js';
