export { box, unbox } from './box.js';
export { concat, equalBytes, fromBase64url, fromHex, fromUtf8, toBase64url, toHex, utf8 } from './bytes.js';
export { canonical, type Json } from './canonical.js';
export { checkCapsule, checkCapsules, sealCapsule, type Capsule } from './capsule.js';
export { acceptShare, checkDeal, deal, type Deal, type DealScope, type Shares } from './deal.js';
export { documentHash, signDocument, verifyDocument } from './document.js';
export { frame, unframe } from './frame.js';
export {
  boxFragments,
  openCapsules,
  unboxFragments,
  type BoxedFragments,
  type Fragments,
  type GrantContext,
} from './fragments.js';
export { suite } from './node-suite.js';
export { chunkBytes, openBytes, openStream, paddedSize, sealBytes, sealStream, type Sealing } from './stream.js';
export type { KeyPair, Suite, SuiteName } from './suite.js';
