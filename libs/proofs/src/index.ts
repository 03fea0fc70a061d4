export { checkpointText, parseCheckpoint, type Checkpoint } from './checkpoint.js';
export {
  consistencyProof,
  inclusionProof,
  leafHash,
  nodeHash,
  rootOf,
  saltedLeaf,
  verifyConsistency,
  verifyInclusion,
  type Consistency,
  type Hash,
  type Inclusion,
} from './merkle.js';
export {
  appendLeaves,
  storedConsistency,
  storedInclusion,
  storedRoot,
  type ReadNode,
  type TreeNode,
} from './stored-tree.js';
